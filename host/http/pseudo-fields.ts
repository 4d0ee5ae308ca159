import { ascii } from '@lateen/sdk/base/bytes';
import { hashName } from './header-name.ts';
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
const VALUES = ['http', 'https', '/', '*', 'GET', 'chunked'];

/** Bytes that maps point into: the names of the pseudo-headers, then a few values. */
export const CONSTANTS: Uint8Array = ascii([...NAMES, ...VALUES].join(''));

/** Where the names stand in CONSTANTS, and their hashes; indexed by slot. */
export const PSEUDO_START: Int32Array = Int32Array.from(NAMES, (name) => offsetOf(name));
export const PSEUDO_END: Int32Array = Int32Array.from(NAMES, (n) => offsetOf(n) + n.length);
export const PSEUDO_HASH: Int32Array = Int32Array.from(NAMES, (name) =>
  hashName(ascii(name), 0, name.length),
);

export type ConstantRange = readonly [start: number, end: number];
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
  if (PSEUDO_END[slot] - from !== end - start) return false;
  for (let i = start; i < end; i++) if (CONSTANTS[from + i - start] !== name[i]) return false;
  return true;
}

function offsetOf(name: string): number {
  return NAMES.slice(0, NAMES.indexOf(name)).join('').length;
}

function rangeOf(value: string): ConstantRange {
  const start = NAMES.join('').length + VALUES.slice(0, VALUES.indexOf(value)).join('').length;
  return [start, start + value.length];
}
