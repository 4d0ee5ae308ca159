import { loggerOf } from './configurations';
import { beginLine, endLine } from './line';

/** Writes the line of a stream that is over, if the log's filter lets it pass. */
export function logStream(root: i32): void {
  const logger = loggerOf(root);
  if (logger === null || !logger.filter.passes()) return;
  beginLine();
  logger.format.write();
  endLine(logger.sink);
}
