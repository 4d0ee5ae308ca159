import { ByteBuilder } from '../bytes/byte-builder';
import { Bytes } from '../bytes/bytes';
import { hexDigit, hexValue } from '../bytes/hex';

const PERCENT: u8 = 0x25;

/** Percent coding of everything but letters, digits and `-._~` (RFC 3986, 2.3), in UTF-8. */
export function percentEncode(text: string): string {
  return encode(text, '-._~', false);
}

/** As in `application/x-www-form-urlencoded`: a blank is `+`; `*-._` stay. */
export function formEncode(text: string): string {
  return encode(text, '*-._', true);
}

/** Undoes percent coding; a `%` without two hex digits behind it stays as it is. */
export function percentDecode(text: string): string {
  return text.includes('%') ? decode(text, false) : text;
}

/** Undoes percent coding and reads `+` as a blank. */
export function formDecode(text: string): string {
  return text.includes('%') || text.includes('+') ? decode(text, true) : text;
}

function encode(text: string, kept: string, plus: bool): string {
  const source = Bytes.of(text);
  const result = new ByteBuilder();
  for (let i = 0; i < source.size; i++) {
    const byte = source.byte(i);
    if (isPlain(byte, kept)) result.byte(byte);
    else if (plus && byte === 0x20) result.byte(0x2b);
    else
      result
        .byte(PERCENT)
        .byte(upperDigit(byte >> 4))
        .byte(upperDigit(byte & 15));
  }
  return result.toString();
}

function decode(text: string, plus: bool): string {
  const source = Bytes.of(text);
  const result = new ByteBuilder();
  for (let i = 0; i < source.size; i++) {
    const byte = source.byte(i);
    const value = byte === PERCENT && i + 2 < source.size ? escaped(source, i + 1) : -1;
    if (value >= 0) {
      result.byte(<u8>value);
      i += 2;
    } else {
      result.byte(plus && byte === 0x2b ? 0x20 : byte);
    }
  }
  return result.toString();
}

function escaped(source: Bytes, at: i32): i32 {
  const high = hexValue(source.byte(at));
  const low = hexValue(source.byte(at + 1));
  return high < 0 || low < 0 ? -1 : (high << 4) | low;
}

function upperDigit(value: u8): u8 {
  const digit = hexDigit(value);
  return digit >= 0x61 ? digit - 0x20 : digit;
}

function isPlain(byte: u8, kept: string): bool {
  const lower = byte | 0x20;
  if ((lower >= 0x61 && lower <= 0x7a) || (byte >= 0x30 && byte <= 0x39)) return true;
  for (let i = 0; i < kept.length; i++) if (kept.charCodeAt(i) === byte) return true;
  return false;
}
