/** Below this a loop is cheaper than a native call. */
const LOOP_BYTES_MAX = 24;
const copyNative = Buffer.prototype.copy;

/** Copies source[start, end) to `target` at `at`; returns the offset behind it. */
export function copyBytes(
  target: Buffer,
  at: number,
  source: Uint8Array,
  start: number,
  end: number,
): number {
  const length = end - start;
  if (length > LOOP_BYTES_MAX) copyNative.call(source, target, at, start, end);
  else for (let i = 0; i < length; i++) target[at + i] = source[start + i];
  return at + length;
}

/** Writes a non-negative integer in decimal digits; returns the offset behind it. */
export function writeDecimal(target: Buffer, at: number, value: number): number {
  if (value < 10) {
    target[at] = 0x30 + value;
    return at + 1;
  }
  let digits = 0;
  for (let rest = value; rest >= 1; rest = Math.floor(rest / 10)) digits++;
  let rest = value;
  for (let i = at + digits - 1; i >= at; i--) {
    target[i] = 0x30 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
  return at + digits;
}

/** Writes a positive 32-bit integer in hexadecimal digits; returns the offset behind it. */
export function writeHex(target: Buffer, at: number, value: number): number {
  const digits = Math.ceil((32 - Math.clz32(value)) / 4);
  for (let i = 0; i < digits; i++) {
    const digit = (value >>> (4 * (digits - 1 - i))) & 15;
    target[at + i] = digit < 10 ? 0x30 + digit : 0x57 + digit;
  }
  return at + digits;
}
