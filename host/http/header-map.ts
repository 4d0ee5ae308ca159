import assert from 'node:assert';
import { DEFAULT_HEADER_LIMITS, FieldTable, type HeaderLimits } from './field-table.ts';
import type { HeaderName } from './header-name.ts';
import { isKnownAt, keepKnown } from './known-bytes.ts';
import { hashName, nameBit } from './name-hash.ts';
import { AUTHORITY, isPseudoValue, PSEUDO_COUNT, pseudoSlot } from './pseudo-fields.ts';
import { COLON, HTAB, isFieldValue, isToken, SP } from './tokens.ts';

export { DEFAULT_HEADER_LIMITS, type HeaderLimits } from './field-table.ts';
export { type HeaderName, headerName } from './header-name.ts';

/** Room for filters' own fields on top of the limits, when a peer has sent as many as it may. */
const EDIT_HEADERS = 64 + PSEUDO_COUNT;
const EDIT_BYTES = 16 * 1024;

/**
 * Header fields as byte ranges. A head that was received is a table of offsets over the received
 * buffer; an edit adds a range over the map's own small arena. Names are lower-cased in place while
 * parsing. A hash preselects a field; bytes decide.
 *
 * Pseudo-headers are fields like the others and stand first: `:method`, `:scheme`, `:authority`,
 * `:path` in a request (an HTTP/1 `Host` is `:authority`, never `host`), `:status` in a response.
 *
 * An edit that would make a message that cannot be written (a bad name, a line break in a value, a
 * space in a path) returns false and changes nothing. Whitespace around a value is no part of it.
 */
export class HeaderMap extends FieldTable {
  /** True while the map lies in a pool; the pool's own mark. */
  pooled = false;
  #edited = 0;

  /** A map of the pairs, for programs and tests: throws where one is not valid or beyond a limit. */
  static fromPairs(
    pairs: readonly (readonly [string, string])[],
    limits: HeaderLimits = DEFAULT_HEADER_LIMITS,
  ): HeaderMap {
    const map = new HeaderMap(limits);
    assert(map.setPairs(pairs), 'a header name or value is not valid');
    map.#edited = 0;
    return map;
  }

  /** One bit (`nameBit`) for each name that was edited since `reset`. */
  get editedNames(): number {
    return this.#edited;
  }

  clearEditedNames(): void {
    this.#edited = 0;
  }

  findName(name: HeaderName, from = 0): number {
    return this.findHash(name.hash, name.bytes, 0, name.bytes.length, from);
  }

  /** The first value as latin1, or null. */
  get(name: HeaderName): string | null {
    const slot = this.findName(name);
    return slot < 0 ? null : this.valueText(slot);
  }

  getAll(name: HeaderName): string[] {
    const values: string[] = [];
    for (let slot = this.findName(name); slot >= 0; slot = this.findName(name, slot + 1)) {
      values.push(this.valueText(slot));
    }
    return values;
  }

  has(name: HeaderName): boolean {
    return this.findName(name) >= 0;
  }

  /** Whether the first value is exactly `text`. */
  equals(name: HeaderName, text: string): boolean {
    const slot = this.findName(name);
    if (slot < 0 || this.valueEnd(slot) - this.valueStart(slot) !== text.length) return false;
    return this.valueText(slot) === text;
  }

  nameText(slot: number): string {
    return latin1(this.nameBytes(slot), this.nameStart(slot), this.nameEnd(slot));
  }

  valueText(slot: number): string {
    return latin1(this.valueBytes(slot), this.valueStart(slot), this.valueEnd(slot));
  }

  /** All fields in order, as latin1. */
  toPairs(): [string, string][] {
    const pairs: [string, string][] = [];
    for (let slot = 0; slot < this.end; slot++) {
      if (this.live(slot)) pairs.push([this.nameText(slot), this.valueText(slot)]);
    }
    return pairs;
  }

  /**
   * Adds a field behind the others. False, and nothing is changed, where the name or the value is
   * not valid, a limit would be passed, or a pseudo-header stands there already.
   */
  add(
    name: Uint8Array,
    nameStart: number,
    nameEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): boolean {
    const hash = hashName(name, nameStart, nameEnd);
    return this.#add(hash, name, nameStart, nameEnd, value, valueStart, valueEnd);
  }

  #add(
    hash: number,
    name: Uint8Array,
    nameStart: number,
    nameEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): boolean {
    const from = trimStart(value, valueStart, valueEnd);
    const to = trimEnd(value, from, valueEnd);
    if (!this.#fits(1, nameEnd - nameStart + to - from)) return false;
    const pseudo = this.#pseudo(name, nameStart, nameEnd);
    let slot = pseudo;
    if (pseudo >= 0) {
      if (this.live(pseudo) || !isPseudoValue(pseudo, value, from, to)) return false;
      this.appendPseudoName(pseudo);
    } else {
      if (!isToken(name, nameStart, nameEnd) || !isValue(value, from, to)) return false;
      slot = this.appendName(hash, name, nameStart, nameEnd);
    }
    this.#put(slot, value, from, to);
    return true;
  }

  /** As `add`, for a name that is known to be valid. */
  addNamed(name: HeaderName, value: Uint8Array, valueStart: number, valueEnd: number): boolean {
    const { bytes, hash } = name;
    if (name.at < 0) return this.#add(hash, bytes, 0, bytes.length, value, valueStart, valueEnd);
    const from = trimStart(value, valueStart, valueEnd);
    const to = trimEnd(value, from, valueEnd);
    if (!this.#fits(1, bytes.length + to - from) || !isValue(value, from, to)) return false;
    this.#put(this.appendKnownName(name), value, from, to);
    return true;
  }

  /** As `set`, for a name that is known to be valid. */
  setNamed(name: HeaderName, value: Uint8Array, valueStart: number, valueEnd: number): boolean {
    if (name.at >= 0 && this.findName(name) < 0) {
      return this.addNamed(name, value, valueStart, valueEnd);
    }
    const { bytes, hash } = name;
    return this.#set(hash, bytes, 0, bytes.length, value, valueStart, valueEnd);
  }

  /** Replaces the first field of that name and removes its others; adds one where there is none. */
  set(
    name: Uint8Array,
    nameStart: number,
    nameEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): boolean {
    const hash = hashName(name, nameStart, nameEnd);
    return this.#set(hash, name, nameStart, nameEnd, value, valueStart, valueEnd);
  }

  #set(
    hash: number,
    name: Uint8Array,
    nameStart: number,
    nameEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): boolean {
    const slot = this.findHash(hash, name, nameStart, nameEnd, 0);
    if (slot < 0) return this.#add(hash, name, nameStart, nameEnd, value, valueStart, valueEnd);
    const from = trimStart(value, valueStart, valueEnd);
    const to = trimEnd(value, from, valueEnd);
    const allowed =
      slot < PSEUDO_COUNT ? isPseudoValue(slot, value, from, to) : isValue(value, from, to);
    if (!allowed) return false;
    if (!this.#fits(0, to - from - (this.valueEnd(slot) - this.valueStart(slot)))) return false;
    if (slot >= PSEUDO_COUNT) {
      const next = this.findHash(hash, name, nameStart, nameEnd, slot + 1);
      this.#removeFrom(next, hash, name, nameStart, nameEnd);
    }
    this.#put(slot, value, from, to);
    return true;
  }

  /** Removes all fields of that name; true where there was one. */
  remove(name: Uint8Array, start: number, end: number): boolean {
    return this.#remove(hashName(name, start, end), name, start, end);
  }

  #remove(hash: number, name: Uint8Array, start: number, end: number): boolean {
    const slot = this.findHash(hash, name, start, end, 0);
    if (slot < 0) return false;
    this.#removeFrom(slot, hash, name, start, end);
    return true;
  }

  addName(name: HeaderName, value: string | Uint8Array): boolean {
    const bytes = typeof value === 'string' ? latin1Bytes(value) : value;
    if (bytes === null) return false;
    return this.addNamed(name, bytes, 0, bytes.length);
  }

  setName(name: HeaderName, value: string | Uint8Array): boolean {
    const bytes = typeof value === 'string' ? latin1Bytes(value) : value;
    if (bytes === null) return false;
    return this.setNamed(name, bytes, 0, bytes.length);
  }

  removeName(name: HeaderName): boolean {
    return this.#remove(name.hash, name.bytes, 0, name.bytes.length);
  }

  /** Removes every field. */
  clear(): void {
    for (let slot = 0; slot < this.end; slot++) {
      if (!this.live(slot)) continue;
      this.#mark(slot);
      this.drop(slot);
    }
  }

  /** Replaces all fields by the pairs (latin1). False, and nothing is changed, where one is bad. */
  setPairs(pairs: readonly (readonly [string, string])[]): boolean {
    const next = new HeaderMap(this.limits);
    for (const [name, value] of pairs) {
      const nameBytes = latin1Bytes(name);
      const valueBytes = latin1Bytes(value);
      if (nameBytes === null || valueBytes === null) return false;
      const added = next.add(nameBytes, 0, nameBytes.length, valueBytes, 0, valueBytes.length);
      if (!added) return false;
    }
    this.clear();
    this.adopt(next);
    this.#edited |= next.#edited;
    return true;
  }

  /** Starts `editedNames` anew: what was edited so far has been taken note of. */
  forgetEdits(): void {
    this.#edited = 0;
  }

  override reset(limits: HeaderLimits = this.limits): void {
    super.reset(limits);
    this.#edited = 0;
  }

  #pseudo(name: Uint8Array, start: number, end: number): number {
    if (name[start] === COLON) return pseudoSlot(name, start, end);
    return this.isAuthorityAlias(name, start, end) ? AUTHORITY : -1;
  }

  #fits(fields: number, bytes: number): boolean {
    const { headersMax, headerBytesMax } = this.limits;
    if (this.count + fields > headersMax + EDIT_HEADERS) return false;
    return this.bytes + bytes <= headerBytesMax + EDIT_BYTES;
  }

  /** Gives the field a value that was found valid. */
  #put(slot: number, value: Uint8Array, from: number, to: number): void {
    const size = to - from;
    const at = size > LONG_VALUE_BYTES ? keepLong(value, from, to) : -1;
    if (at >= 0) this.setKnownValue(slot, at, size);
    else this.setValue(slot, value, from, to);
    this.#mark(slot);
  }

  #mark(slot: number): void {
    this.#edited |= nameBit(this.hash(slot));
  }

  #removeFrom(first: number, hash: number, name: Uint8Array, start: number, end: number): void {
    for (let slot = first; slot >= 0; slot = this.findHash(hash, name, start, end, slot + 1)) {
      this.#mark(slot);
      this.drop(slot);
    }
  }
}

/** Longer values are looked for among those that came before. */
const LONG_VALUE_BYTES = 64;
const LONG_VALUE_BYTES_MAX = 4096;
const LONG_PLACES = 16;
const longAt = new Int32Array(LONG_PLACES);
const longSize = new Int32Array(LONG_PLACES);
const candidates: Buffer[] = new Array<Buffer>(LONG_PLACES).fill(Buffer.alloc(0));

/**
 * Whether a value may stand in a field. A module that sets a long one (a peer's metadata) sets the
 * same one on each request: comparing costs less than looking at each byte.
 */
function isValue(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start <= LONG_VALUE_BYTES) return isFieldValue(bytes, start, end);
  return longValueAt(bytes, start, end) >= 0 || isFieldValue(bytes, start, end);
}

/** Where a long value stands in `known`, or -1. */
function longValueAt(bytes: Uint8Array, start: number, end: number): number {
  const place = longPlace(bytes, start, end);
  if (longSize[place] !== end - start) return -1;
  return isKnownAt(longAt[place], bytes, start, end) ? longAt[place] : -1;
}

/**
 * The same; a valid value that comes a second time in a row at its place is kept, so that values
 * which differ each time fill nothing.
 */
function keepLong(bytes: Uint8Array, start: number, end: number): number {
  const known = longValueAt(bytes, start, end);
  const size = end - start;
  if (known >= 0 || size > LONG_VALUE_BYTES_MAX) return known;
  const place = longPlace(bytes, start, end);
  const before = candidates[place];
  if (before.length !== size || before.compare(bytes, start, end) !== 0) {
    candidates[place] = Buffer.from(bytes.subarray(start, end));
    return -1;
  }
  const at = keepKnown(bytes, start, end);
  if (at < 0) return at;
  longAt[place] = at;
  longSize[place] = size;
  return at;
}

function longPlace(bytes: Uint8Array, start: number, end: number): number {
  return ((end - start) ^ bytes[start + 9] ^ bytes[end - 3]) & (LONG_PLACES - 1);
}

function trimStart(bytes: Uint8Array, start: number, end: number): number {
  let i = start;
  while (i < end && (bytes[i] === SP || bytes[i] === HTAB)) i++;
  return i;
}

function trimEnd(bytes: Uint8Array, start: number, end: number): number {
  let i = end;
  while (i > start && (bytes[i - 1] === SP || bytes[i - 1] === HTAB)) i--;
  return i;
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
}

/** The bytes of a latin1 text, or null where a character is beyond latin1. */
function latin1Bytes(text: string): Uint8Array | null {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the whole of latin1 is meant.
  return /^[\x00-\xff]*$/.test(text) ? Buffer.from(text, 'latin1') : null;
}
