import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { writeSink } from '@lateen/sdk/assembly/host/sink';
import { hasJsonSpecial, hasTextSpecial, writeJsonCharacter, writeTextByte } from './escape';

/** The longest line. Values are cut short so that the format's own text always fits behind them. */
const LINE_BYTES_MAX: usize = 65536;
export const LITERAL_BYTES_MAX = 16384;
/** For the sink's id, which stands in front of the line, and for writing eight bytes at a time. */
const ID_BYTES: usize = 4;
const SLACK_BYTES: usize = 64;

const BLOCK: usize = heap.alloc(ID_BYTES + LINE_BYTES_MAX + SLACK_BYTES) + ID_BYTES;
const VALUES_END: usize = BLOCK + LINE_BYTES_MAX - LITERAL_BYTES_MAX;

/** Where the next byte goes. */
let at: usize = BLOCK;

export function beginLine(): void {
  at = BLOCK;
}

export function endLine(sink: u32): void {
  if (at > BLOCK) writeSink(sink, BLOCK - ID_BYTES, <i32>(at - BLOCK));
}

/** The last byte written; 0 at the start. */
export function lastByte(): u8 {
  return at === BLOCK ? 0 : load<u8>(at - 1);
}

/** Text of the format itself, or a number, as it stands. */
export function writeLiteral(literal: Bytes): void {
  const end = at + literal.size;
  let from = literal.pointer;
  for (; at + 8 <= end; at += 8) {
    store<u64>(at, load<u64>(from));
    from += 8;
  }
  while (at < end) store<u8>(at++, load<u8>(from++));
}

export function writeByte(byte: u8): void {
  store<u8>(at++, byte);
}

/** A value in a line of text: control bytes, quotes and backslashes become `\xNN`. */
export function writeText(value: Bytes): void {
  let from = value.pointer;
  const end = from + value.size;
  while (from < end && at < VALUES_END) {
    if (end - from >= 8) {
      const word = load<u64>(from);
      if (!hasTextSpecial(word)) {
        store<u64>(at, word);
        at += 8;
        from += 8;
        continue;
      }
    }
    const stop = min(end, from + 8);
    while (from < stop) at = writeTextByte(at, load<u8>(from++));
  }
}

/** A value inside a JSON string; what is not UTF-8 is shown as Latin-1. */
export function writeJson(value: Bytes): void {
  let from = value.pointer;
  const end = from + value.size;
  while (from < end && at < VALUES_END) {
    if (end - from >= 8) {
      const word = load<u64>(from);
      if (!hasJsonSpecial(word)) {
        store<u64>(at, word);
        at += 8;
        from += 8;
        continue;
      }
    }
    const stop = min(end, from + 8);
    while (from < stop) {
      const taken = writeJsonCharacter(at, from, end);
      at += taken & 0xff;
      from += taken >> 8;
    }
  }
}
