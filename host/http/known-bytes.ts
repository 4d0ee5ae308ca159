/** Names and values that come again are few; what is beyond this is copied each time. */
const KNOWN_BYTES_MAX = 256 * 1024;
const KNOWN_BYTES_MIN = 4096;

/**
 * Bytes that every header map of the thread may point into instead of copying them: names of
 * fields, and values that are set again and again. Only appended to, so that a range stays what it
 * is; `bytes` is another array after it has grown.
 */
export const known = { bytes: new Uint8Array(KNOWN_BYTES_MIN), used: 0 };

/** Appends the bytes and returns where they stand, or -1 where there is no room any more. */
export function keepKnown(source: Uint8Array, start: number, end: number): number {
  const at = known.used;
  const needed = at + end - start;
  if (needed > KNOWN_BYTES_MAX) return -1;
  if (needed > known.bytes.length) {
    const larger = new Uint8Array(Math.min(KNOWN_BYTES_MAX, 2 * needed));
    larger.set(known.bytes);
    known.bytes = larger;
  }
  known.bytes.set(source.subarray(start, end), at);
  known.used = needed;
  return at;
}

/** Whether the bytes from `at` on are those of source[start, end). */
export function isKnownAt(at: number, source: Uint8Array, start: number, end: number): boolean {
  const { bytes } = known;
  let i = start;
  let k = at;
  for (; i + 4 <= end; i += 4, k += 4) {
    const differing =
      (bytes[k] ^ source[i]) |
      (bytes[k + 1] ^ source[i + 1]) |
      (bytes[k + 2] ^ source[i + 2]) |
      (bytes[k + 3] ^ source[i + 3]);
    if (differing !== 0) return false;
  }
  for (; i < end; i++, k++) if (bytes[k] !== source[i]) return false;
  return true;
}
