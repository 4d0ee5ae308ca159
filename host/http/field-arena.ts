import { LOWER } from './tokens.ts';

const ARENA_BYTES_MIN = 512;
const LOOP_BYTES_MAX = 32;

/** Bytes that a header map has of its own: what edits wrote. Kept from one message to the next. */
export class FieldArena {
  bytes = new Uint8Array(0);
  #used = 0;

  fits(length: number): boolean {
    return this.#used + length <= this.bytes.length;
  }

  clear(): void {
    this.#used = 0;
  }

  /** Copies bytes in, which fit, and returns where they stand. */
  keep(source: Uint8Array, start: number, end: number): number {
    const length = end - start;
    const at = this.#used;
    const { bytes } = this;
    if (length < LOOP_BYTES_MAX) for (let i = 0; i < length; i++) bytes[at + i] = source[start + i];
    else bytes.set(source.subarray(start, end), at);
    this.#used = at + length;
    return at;
  }

  /** The same in lower case. */
  keepLower(source: Uint8Array, start: number, end: number): number {
    const at = this.#used;
    const { bytes } = this;
    for (let i = start; i < end; i++) bytes[at + i - start] = LOWER[source[i]];
    this.#used = at + end - start;
    return at;
  }

  /**
   * Fresh memory for what lives, `liveBytes` at most, and `extra` more, and as much again; returns
   * the old one, which is left as it is: a caller may be copying from it. Since at least that much
   * has been written in between, moving costs no more than the edits.
   */
  renew(liveBytes: number, extra: number): Uint8Array {
    const old = this.bytes;
    this.bytes = new Uint8Array(Math.max(ARENA_BYTES_MIN, 2 * (liveBytes + extra)));
    this.#used = 0;
    return old;
  }
}
