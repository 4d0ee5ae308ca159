/** The number in at least `width` decimal digits. */
export function padded(value: i32, width: i32): string {
  return value.toString().padStart(width, '0');
}

/** The number that `width` digits from `at` on stand for; -1 where they are none. */
export function digitsAt(text: string, at: i32, width: i32): i32 {
  if (at < 0 || at + width > text.length) return -1;
  let value = 0;
  for (let i = at; i < at + width; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}
