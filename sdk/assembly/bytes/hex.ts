import { allocate } from '../arena';
import { Bytes } from './bytes';

/** Points `out` to two lower-case hex digits for each byte, in the callback's memory. */
export function encodeHex(bytes: Bytes, out: Bytes): Bytes {
  const size = bytes.size * 2;
  const target = allocate(size);
  for (let i = 0; i < bytes.size; i++) {
    const byte = bytes.byte(i);
    store<u8>(target + i * 2, hexDigit(byte >> 4));
    store<u8>(target + i * 2, hexDigit(byte & 15), 1);
  }
  return out.point(target, size);
}

/** Points `out` to the bytes that pairs of hex digits stand for; false where the text is none. */
export function decodeHex(text: Bytes, out: Bytes): bool {
  if ((text.size & 1) !== 0) return false;
  const size = text.size >> 1;
  const target = allocate(size);
  for (let i = 0; i < size; i++) {
    const high = hexValue(text.byte(i * 2));
    const low = hexValue(text.byte(i * 2 + 1));
    if (high < 0 || low < 0) return false;
    store<u8>(target + i, <u8>((high << 4) | low));
  }
  out.point(target, size);
  return true;
}

/** The lower-case digit of 0 to 15. */
export function hexDigit(value: u8): u8 {
  return value < 10 ? 0x30 + value : 0x57 + value;
}

/** What a hex digit of either case stands for, or -1. */
export function hexValue(byte: u8): i32 {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
