import { ascii } from '@lateen/sdk/base/bytes';
import { LOWER } from './tokens.ts';

/** A lower-case field name made once, for looking up without a string. */
export interface HeaderName {
  readonly text: string;
  readonly bytes: Uint8Array;
  readonly hash: number;
}

/** Makes a name; `text` is an ASCII literal of the program, in any case. */
export function headerName(text: string): HeaderName {
  const bytes = ascii(text.toLowerCase());
  return { text: text.toLowerCase(), bytes, hash: hashName(bytes, 0, bytes.length) };
}

/**
 * The bit that stands for a name in a mask of names, by its hash. Other names may have the same
 * one; the multiplication keeps names apart that differ in their last characters only.
 */
export function nameBit(hash: number): number {
  return 1 << (Math.imul(hash, 0x9e3779b1) >>> 27);
}

/** The hash that preselects a field; of the lower-case bytes, whatever case they stand in. */
export function hashName(source: Uint8Array, start: number, end: number): number {
  let hash = 0;
  for (let i = start; i < end; i++) hash = (Math.imul(hash, 31) + LOWER[source[i]]) | 0;
  return hash;
}
