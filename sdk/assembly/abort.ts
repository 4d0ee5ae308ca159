import { LOG_CRITICAL } from '../abi/buffers';
import { proxy_log } from './env';

const LINE_BYTES = 512;

/**
 * What `throw` and a failed check compile to (`--use abort=` in asconfig.json): the message and
 * `file:line:column` go to the host's log, then the module traps. Any Proxy-Wasm host can run it:
 * it needs no `env.abort`. It works in memory of its own, as the heap may be what is broken.
 */
export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  const start = memory.data(LINE_BYTES);
  let end = put(start, start, 'abort: ');
  if (message !== null) end = put(start, end, message);
  end = put(start, end, ' at ');
  if (file !== null) end = put(start, end, file);
  end = putNumber(start, put(start, end, ':'), line);
  end = putNumber(start, put(start, end, ':'), column);
  proxy_log(LOG_CRITICAL, start, <i32>(end - start));
  unreachable();
}

function put(start: usize, end: usize, text: string): usize {
  const from = changetype<usize>(text);
  const room = LINE_BYTES - <i32>(end - start);
  const length = min(text.length, room);
  for (let i = 0; i < length; i++) {
    const unit = load<u16>(from + ((<usize>i) << 1));
    store<u8>(end + i, unit < 0x80 ? <u8>unit : 0x3f);
  }
  return end + length;
}

function putNumber(start: usize, end: usize, value: u32): usize {
  const behind = value > 9 ? putNumber(start, end, value / 10) : end;
  if (<i32>(behind - start) >= LINE_BYTES) return behind;
  store<u8>(behind, <u8>(0x30 + (value % 10)));
  return behind + 1;
}
