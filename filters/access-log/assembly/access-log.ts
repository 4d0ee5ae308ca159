import { loggerOf } from './configurations';
import { beginLine, endLine } from './line';
import { rootOf } from './stream-state';

/** Writes the line of a stream that is over, if the log's filter lets it pass. */
export function logStream(stream: i32): void {
  const logger = loggerOf(rootOf(stream));
  if (logger === null || !logger.filter.passes()) return;
  beginLine();
  logger.format.write();
  endLine(logger.sink);
}
