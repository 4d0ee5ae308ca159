/**
 * HalfSipHash-1-3 with 32 bits of result, over a space's number and a key. Keyed by chance, since
 * keys are often made of what clients send, and a chain of colliding ones would be walked under
 * the lock.
 */
export class KeyHash {
  readonly #k0: number;
  readonly #k1: number;

  constructor(seed: readonly [number, number]) {
    [this.#k0, this.#k1] = seed;
  }

  of(space: number, source: Uint8Array, start: number, end: number): number {
    let v0 = this.#k0;
    let v1 = this.#k1;
    let v2 = 0x6c796765 ^ this.#k0;
    let v3 = 0x74656462 ^ this.#k1;
    let at = start;
    let word = space;
    // The space's number, the whole words, then the rest with the length above it, then the end.
    for (let left = ((end - start) >>> 2) + 2; ; left--) {
      const last = left === 0;
      if (!last) v3 ^= word;
      else v2 ^= 0xff;
      for (let round = last ? 3 : 1; round > 0; round--) {
        v0 = (v0 + v1) | 0;
        v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
        v0 = (v0 << 16) | (v0 >>> 16);
        v2 = (v2 + v3) | 0;
        v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
        v0 = (v0 + v3) | 0;
        v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
        v2 = (v2 + v1) | 0;
        v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
        v2 = (v2 << 16) | (v2 >>> 16);
      }
      if (last) return v1 ^ v3;
      v0 ^= word;
      if (left > 2) {
        word = source[at] | (source[at + 1] << 8) | (source[at + 2] << 16) | (source[at + 3] << 24);
        at += 4;
      } else if (left === 2) word = restWord(source, at, end, end - start);
    }
  }
}

function restWord(source: Uint8Array, start: number, end: number, length: number): number {
  let word = length << 24;
  for (let i = end - 1; i >= start; i--) word |= source[i] << (8 * (i - start));
  return word;
}
