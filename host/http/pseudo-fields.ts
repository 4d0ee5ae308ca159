import { ascii } from '@lateen/sdk/base/bytes';
import { isKnownAt, keepKnown } from './known-bytes.ts';
import { hashName } from './name-hash.ts';
import { isAuthority, isPath, isStatus, isToken } from './tokens.ts';

/**
 * Pseudo-header fields (RFC 9113 8.3) have fixed slots at the front of every map, so that they
 * stand first whatever the order they come in, and a codec reaches them without a search.
 */
export const METHOD = 0;
export const SCHEME = 1;
export const AUTHORITY = 2;
export const PATH = 3;
export const STATUS = 4;
/** `:protocol` of extended CONNECT (RFC 8441) has the last slot. */
export const PSEUDO_COUNT = 6;

const NAMES = [':method', ':scheme', ':authority', ':path', ':status', ':protocol'];

/** Where the names stand in `known`, and their hashes; indexed by slot. */
export const PSEUDO_START: Int32Array = Int32Array.from(NAMES, keep);
export const PSEUDO_END: Int32Array = PSEUDO_START.map((at, slot) => at + NAMES[slot].length);
export const PSEUDO_HASH: Int32Array = Int32Array.from(NAMES, (name) =>
  hashName(ascii(name), 0, name.length),
);

export type ConstantRange = readonly [start: number, end: number];
/** Ranges of `known`. */
export const HTTP_VALUE: ConstantRange = rangeOf('http');
export const HTTPS_VALUE: ConstantRange = rangeOf('https');
export const ROOT_PATH_VALUE: ConstantRange = rangeOf('/');
export const ASTERISK_VALUE: ConstantRange = rangeOf('*');

/** The slot that a name starting with a colon has, or -1. */
export function pseudoSlot(name: Uint8Array, start: number, end: number): number {
  const hash = hashName(name, start, end);
  for (let slot = 0; slot < PSEUDO_COUNT; slot++) {
    if (PSEUDO_HASH[slot] === hash && sameBytes(slot, name, start, end)) return slot;
  }
  return -1;
}

/** Whether a value may stand in that slot; nothing here can change a request line's shape. */
export function isPseudoValue(
  slot: number,
  value: Uint8Array,
  start: number,
  end: number,
): boolean {
  if (slot === AUTHORITY) return isAuthority(value, start, end);
  if (slot === PATH) return isPath(value, start, end);
  if (slot === STATUS) return isStatus(value, start, end);
  return isToken(value, start, end);
}

function sameBytes(slot: number, name: Uint8Array, start: number, end: number): boolean {
  const from = PSEUDO_START[slot];
  return PSEUDO_END[slot] - from === end - start && isKnownAt(from, name, start, end);
}

function rangeOf(value: string): ConstantRange {
  const start = keep(value);
  return [start, start + value.length];
}

function keep(text: string): number {
  return keepKnown(ascii(text), 0, text.length);
}
