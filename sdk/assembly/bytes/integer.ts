import { allocate } from '../arena';
import { Bytes } from './bytes';

/** What `parseInteger` read last. */
export let parsedInteger: i64 = 0;

/** Reads a decimal integer that fills all of the bytes; false where it is none or above 2^63-1. */
export function parseInteger(text: Bytes): bool {
  const negative = text.size > 1 && text.byte(0) === 0x2d;
  let at = negative ? 1 : 0;
  if (at === text.size || text.size - at > 19) return false;
  let value: u64 = 0;
  while (at < text.size) {
    const digit = text.byte(at++) - 0x30;
    if (digit > 9) return false;
    value = value * 10 + digit;
  }
  if (value > <u64>i64.MAX_VALUE) return false;
  parsedInteger = negative ? -(<i64>value) : <i64>value;
  return true;
}

/** Points `out` to the number's decimal digits, in the callback's memory. */
export function formatInteger(value: i64, out: Bytes): Bytes {
  const end = allocate(24) + 24;
  let at = end;
  let left = value < 0 ? <u64>-value : <u64>value;
  do {
    store<u8>(--at, <u8>(0x30 + (left % 10)));
    left /= 10;
  } while (left !== 0);
  if (value < 0) store<u8>(--at, 0x2d);
  return out.point(at, <i32>(end - at));
}
