import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';

/** Decodes base64 (both alphabets, padding optional); null where the text is not. */
export function decodeBase64(text: string): Bytes | null {
  let length = text.length;
  while (length > 0 && text.charCodeAt(length - 1) === 0x3d) length--;
  if (length % 4 === 1) return null;
  const buffer = new ArrayBuffer((length * 3) / 4);
  const target = changetype<usize>(buffer);
  let bits: u32 = 0;
  let count = 0;
  let end = 0;
  for (let i = 0; i < length; i++) {
    const value = sextet(text.charCodeAt(i));
    if (value < 0) return null;
    bits = (bits << 6) | value;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    store<u8>(target + end++, <u8>(bits >> count));
  }
  return Bytes.owning(buffer);
}

function sextet(unit: i32): i32 {
  if (unit >= 0x41 && unit <= 0x5a) return unit - 0x41;
  if (unit >= 0x61 && unit <= 0x7a) return unit - 0x61 + 26;
  if (unit >= 0x30 && unit <= 0x39) return unit - 0x30 + 52;
  if (unit === 0x2b || unit === 0x2d) return 62;
  return unit === 0x2f || unit === 0x5f ? 63 : -1;
}
