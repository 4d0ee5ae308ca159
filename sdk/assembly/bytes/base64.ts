import { allocate } from '../arena';
import { Bytes } from './bytes';

const PAD: u8 = 0x3d;

/** Points `out` to the decoded bytes (both alphabets, padding optional); false where it is none. */
export function decodeBase64(text: Bytes, out: Bytes): bool {
  let size = text.size;
  while (size > 0 && text.byte(size - 1) === PAD) size--;
  if ((size & 3) === 1) return false;
  const target = allocate((size * 3) / 4);
  let bits: u32 = 0;
  let count = 0;
  let end = 0;
  for (let i = 0; i < size; i++) {
    const value = sextetOf(text.byte(i));
    if (value < 0) return false;
    bits = (bits << 6) | value;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    store<u8>(target + end++, <u8>(bits >> count));
  }
  out.point(target, end);
  return true;
}

/** Points `out` to the standard alphabet's text, padded. */
export function encodeBase64(bytes: Bytes, out: Bytes): void {
  const size = ((bytes.size + 2) / 3) * 4;
  const target = allocate(size);
  let at = 0;
  for (let i = 0; i < bytes.size; i += 3) {
    const left = bytes.size - i;
    const second: u32 = left > 1 ? bytes.byte(i + 1) : 0;
    const third: u32 = left > 2 ? bytes.byte(i + 2) : 0;
    const bits = ((<u32>bytes.byte(i)) << 16) | (second << 8) | third;
    store<u8>(target + at++, digitOf((bits >> 18) & 63));
    store<u8>(target + at++, digitOf((bits >> 12) & 63));
    store<u8>(target + at++, left > 1 ? digitOf((bits >> 6) & 63) : PAD);
    store<u8>(target + at++, left > 2 ? digitOf(bits & 63) : PAD);
  }
  out.point(target, size);
}

/** Points `out` to the alphabet of URLs and tokens (RFC 4648, 5), without padding. */
export function encodeBase64Url(bytes: Bytes, out: Bytes): void {
  encodeBase64(bytes, out);
  while (out.size > 0 && out.byte(out.size - 1) === PAD) out.size--;
  for (let i = 0; i < out.size; i++) {
    const byte = out.byte(i);
    if (byte === 0x2b) store<u8>(out.pointer + i, 0x2d);
    else if (byte === 0x2f) store<u8>(out.pointer + i, 0x5f);
  }
}

function sextetOf(byte: u8): i32 {
  if (byte >= 0x41 && byte <= 0x5a) return byte - 0x41;
  if (byte >= 0x61 && byte <= 0x7a) return byte - 0x61 + 26;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30 + 52;
  if (byte === 0x2b || byte === 0x2d) return 62;
  return byte === 0x2f || byte === 0x5f ? 63 : -1;
}

function digitOf(value: u32): u8 {
  if (value < 26) return <u8>(0x41 + value);
  if (value < 52) return <u8>(0x61 + value - 26);
  if (value < 62) return <u8>(0x30 + value - 52);
  return value === 62 ? 0x2b : 0x2f;
}
