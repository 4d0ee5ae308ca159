import type { HeaderMap } from '../http/header-map.ts';

/** A serialised map of the ABI: u32 count, u32 sizes of each key and value, then key NUL value NUL. */
export type Pairs = readonly (readonly [name: string, value: string])[];

export interface PairsLimits {
  readonly pairsMax: number;
  readonly pairsBytesMax: number;
}

const COUNT_BYTES = 4;
const SIZES_BYTES = 8;
const NULS = 2;

/** Reads a serialised map as latin1; null where it is malformed or beyond a limit. */
export function decodePairs(
  source: Uint8Array,
  start: number,
  end: number,
  limits: PairsLimits,
): Pairs | null {
  const size = end - start;
  // An empty map is nothing at all; one zero byte is how the C++ host writes it.
  if (size === 0 || (size === 1 && source[start] === 0)) return [];
  if (size < COUNT_BYTES || size > limits.pairsBytesMax) return null;
  const count = u32(source, start);
  if (count > limits.pairsMax) return null;
  let sizes = start + COUNT_BYTES;
  let at = sizes + count * SIZES_BYTES;
  if (at > end) return null;
  const pairs: [string, string][] = [];
  for (let i = 0; i < count; i++, sizes += SIZES_BYTES) {
    const nameEnd = at + u32(source, sizes);
    const valueEnd = nameEnd + 1 + u32(source, sizes + 4);
    if (valueEnd + 1 > end || source[nameEnd] !== 0 || source[valueEnd] !== 0) return null;
    pairs.push([latin1(source, at, nameEnd), latin1(source, nameEnd + 1, valueEnd)]);
    at = valueEnd + 1;
  }
  return at === end ? pairs : null;
}

/** Bytes that `encodeHeaders` will write. */
export function headersSize(map: HeaderMap): number {
  return COUNT_BYTES + map.count * (SIZES_BYTES + NULS) + map.bytes;
}

/** Writes all fields of a map; `target` has room for `headersSize(map)` bytes at `start`. */
export function encodeHeaders(map: HeaderMap, target: Uint8Array, start: number): void {
  map.askedForAll();
  putU32(target, start, map.count);
  let sizes = start + COUNT_BYTES;
  let at = sizes + map.count * SIZES_BYTES;
  for (let slot = 0; slot < map.end; slot++) {
    if (!map.live(slot)) continue;
    const nameSize = map.nameEnd(slot) - map.nameStart(slot);
    const valueSize = map.valueEnd(slot) - map.valueStart(slot);
    putU32(target, sizes, nameSize);
    putU32(target, sizes + 4, valueSize);
    sizes += SIZES_BYTES;
    at = putBytes(target, at, map.nameBytes(slot), map.nameStart(slot), map.nameEnd(slot));
    at = putBytes(target, at, map.valueBytes(slot), map.valueStart(slot), map.valueEnd(slot));
  }
}

/** A serialised map of byte ranges; for what is no header map. */
export function encodePairs(pairs: readonly (readonly [Uint8Array, Uint8Array])[]): Uint8Array {
  let size = COUNT_BYTES;
  for (const [name, value] of pairs) size += SIZES_BYTES + NULS + name.length + value.length;
  const target = new Uint8Array(size);
  putU32(target, 0, pairs.length);
  let sizes = COUNT_BYTES;
  let at = COUNT_BYTES + pairs.length * SIZES_BYTES;
  for (const [name, value] of pairs) {
    putU32(target, sizes, name.length);
    putU32(target, sizes + 4, value.length);
    sizes += SIZES_BYTES;
    at = putBytes(target, at, name, 0, name.length);
    at = putBytes(target, at, value, 0, value.length);
  }
  return target;
}

function putBytes(
  target: Uint8Array,
  at: number,
  source: Uint8Array,
  start: number,
  end: number,
): number {
  target.set(source.subarray(start, end), at);
  target[at + end - start] = 0;
  return at + end - start + 1;
}

function latin1(source: Uint8Array, start: number, end: number): string {
  return Buffer.from(source.buffer, source.byteOffset + start, end - start).toString('latin1');
}

function u32(source: Uint8Array, at: number): number {
  const low = source[at] | (source[at + 1] << 8) | (source[at + 2] << 16);
  return low + source[at + 3] * 0x1000000;
}

function putU32(target: Uint8Array, at: number, value: number): void {
  target[at] = value;
  target[at + 1] = value >>> 8;
  target[at + 2] = value >>> 16;
  target[at + 3] = value >>> 24;
}
