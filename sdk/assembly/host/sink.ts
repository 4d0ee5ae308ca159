import { FN_SINK_OPEN, FN_SINK_WRITE } from '../../abi/extensions';
import { OK } from '../../abi/status';
import { Bytes } from '../bytes/bytes';
import { callForeign } from './foreign';

const OPEN = Bytes.of(FN_SINK_OPEN);
const WRITE = Bytes.of(FN_SINK_WRITE);
const answer = new Bytes();

/** Opens a file, `/dev/stdout` or `/dev/stderr` for appending; 0 where it cannot be had. */
export function openSink(path: string): u32 {
  const bytes = Bytes.of(path);
  if (callForeign(OPEN, bytes.pointer, bytes.size, answer) !== OK || answer.size !== 4) return 0;
  return load<u32>(answer.pointer);
}

/**
 * Appends to a sink. `start` points to four bytes of room for the sink's id, followed by `size`
 * bytes to write: so a line is not copied before it is handed over. False where it was dropped.
 */
export function writeSink(sink: u32, start: usize, size: i32): bool {
  store<u32>(start, sink);
  return callForeign(WRITE, start, size + 4, answer) === OK;
}
