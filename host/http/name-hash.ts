import { LOWER } from './tokens.ts';

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
