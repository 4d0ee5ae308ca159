import { ascii } from '@lateen/sdk/base/bytes';
import { FieldArena } from './field-arena.ts';
import type { HeaderName } from './header-name.ts';
import { known } from './known-bytes.ts';
import { hashName, nameBit } from './name-hash.ts';
import {
  AUTHORITY,
  type ConstantRange,
  PSEUDO_COUNT,
  PSEUDO_END,
  PSEUDO_HASH,
  PSEUDO_START,
  STATUS,
} from './pseudo-fields.ts';
import { equalsIgnoreCase, LOWER } from './tokens.ts';

/** How much a table may hold. A parser enforces them on what it receives, an edit on its result. */
export interface HeaderLimits {
  /** Fields, pseudo-headers not counted (a received `Host` is). */
  readonly headersMax: number;
  /** Length of a received head; of an edited one, the lengths of its names and values. */
  readonly headerBytesMax: number;
}

/** Envoy's defaults. */
export const DEFAULT_HEADER_LIMITS: HeaderLimits = {
  headersMax: 100,
  headerBytesMax: 60 * 1024,
};

/** Where a range points to: bits of META, two for the name's source, two for the value's. */
const RECEIVED = 0;
const ARENA = 1;
const KNOWN = 2;
const SOURCE_MASK = 3;
const VALUE_SOURCE = 2;
const LIVE = 16;
/** The received bytes from name to CRLF are exactly `name: value`: a writer may copy them. */
const VERBATIM = 32;
/** No codec's own field: a writer passes it on without looking. */
const ORDINARY = 64;

/** Layout of a slot in the table. */
const STRIDE = 6;
const META = 0;
const NAME_START = 1;
const NAME_END = 2;
const VALUE_START = 3;
const VALUE_END = 4;
const HASH = 5;

const NOTHING: Uint8Array = new Uint8Array(0);
const HOST = ascii('host');
const HOST_HASH = hashName(HOST, 0, HOST.length);

/**
 * The storage of a header map: slots that hold two byte ranges each, over the received buffer, the
 * table's own arena or constants. Everything is kept from one message to the next, so filling and
 * reading allocate nothing once the table has grown.
 *
 * Slots are `0..end`; only those with `live(slot)` hold a field. Adding may renumber them.
 */
export class FieldTable {
  #limits: HeaderLimits;
  #received: Uint8Array = NOTHING;
  #arena = new FieldArena();
  #table = new Int32Array(32 * STRIDE);
  #end = PSEUDO_COUNT;
  #count = 0;
  #bytes = 0;
  #asked = 0;
  /** One bit for each name that has been here since `reset`. */
  #present = 0;

  constructor(limits: HeaderLimits = DEFAULT_HEADER_LIMITS) {
    this.#limits = limits;
  }

  get limits(): HeaderLimits {
    return this.#limits;
  }

  /** Live fields. */
  get count(): number {
    return this.#count;
  }

  /** Sum of the lengths of live names and values. */
  get bytes(): number {
    return this.#bytes;
  }

  /** One past the last slot. */
  get end(): number {
    return this.#end;
  }

  live(slot: number): boolean {
    return (this.#table[slot * STRIDE + META] & LIVE) !== 0;
  }

  nameBytes(slot: number): Uint8Array {
    return this.#source(this.#table[slot * STRIDE + META] & SOURCE_MASK);
  }

  nameStart(slot: number): number {
    return this.#table[slot * STRIDE + NAME_START];
  }

  nameEnd(slot: number): number {
    return this.#table[slot * STRIDE + NAME_END];
  }

  valueBytes(slot: number): Uint8Array {
    return this.#source((this.#table[slot * STRIDE + META] >> VALUE_SOURCE) & SOURCE_MASK);
  }

  valueStart(slot: number): number {
    return this.#table[slot * STRIDE + VALUE_START];
  }

  valueEnd(slot: number): number {
    return this.#table[slot * STRIDE + VALUE_END];
  }

  hash(slot: number): number {
    return this.#table[slot * STRIDE + HASH];
  }

  /** True where [nameStart, valueEnd + 2) of the received bytes is the field as we'd write it. */
  verbatim(slot: number): boolean {
    return (this.#table[slot * STRIDE + META] & VERBATIM) !== 0;
  }

  /** True where the field is known to be none of the codec's own. */
  ordinary(slot: number): boolean {
    return (this.#table[slot * STRIDE + META] & ORDINARY) !== 0;
  }

  /**
   * The slot of the first field of that name at or after `from`, or -1. The name's case is ignored;
   * `host` finds `:authority`, as in Envoy, but for responses.
   */
  find(name: Uint8Array, start: number, end: number, from = 0): number {
    return this.findHash(hashName(name, start, end), name, start, end, from);
  }

  /** One bit (`nameBit`) for each name that was looked for since `forgetAsked`. */
  get askedNames(): number {
    return this.#asked;
  }

  forgetAsked(): void {
    this.#asked = 0;
  }

  /** All fields were read, whatever their names. */
  askedForAll(): void {
    this.#asked = -1;
  }

  /** As `find`, for a hash that is known. */
  findHash(hash: number, name: Uint8Array, start: number, end: number, from: number): number {
    const bit = nameBit(hash);
    this.#asked |= bit;
    if ((this.#present & bit) === 0)
      return hash === HOST_HASH ? this.#alias(name, start, end, from) : -1;
    const table = this.#table;
    const length = end - start;
    for (let slot = from, row = from * STRIDE; slot < this.#end; slot++, row += STRIDE) {
      if (table[row + HASH] !== hash || (table[row + META] & LIVE) === 0) continue;
      if (table[row + NAME_END] - table[row + NAME_START] !== length) continue;
      if (this.#sameName(row, name, start, length)) return slot;
    }
    return hash === HOST_HASH ? this.#alias(name, start, end, from) : -1;
  }

  /** The slot that `host` stands for, or -1. */
  #alias(name: Uint8Array, start: number, end: number, from: number): number {
    if (from > AUTHORITY || !this.isAuthorityAlias(name, start, end)) return -1;
    this.#asked |= nameBit(PSEUDO_HASH[AUTHORITY]);
    return this.live(AUTHORITY) ? AUTHORITY : -1;
  }

  /** Empties the table for the next message. */
  reset(limits: HeaderLimits = this.#limits): void {
    this.#limits = limits;
    this.#received = NOTHING;
    this.#arena.clear();
    for (let slot = 0; slot < PSEUDO_COUNT; slot++) this.#table[slot * STRIDE + META] = 0;
    this.#end = PSEUDO_COUNT;
    this.#count = 0;
    this.#bytes = 0;
    this.#present = 0;
  }

  /** The buffer that received ranges point into; may be a longer copy of the one before. */
  attach(received: Uint8Array): void {
    this.#received = received;
  }

  /**
   * Adds a received field: the name a lower-case token, the value valid and trimmed. (Positional
   * arguments: this runs once for each field of each message.)
   */
  append(
    hash: number,
    nameStart: number,
    nameEnd: number,
    valueStart: number,
    valueEnd: number,
    verbatim: boolean,
    ordinary: boolean,
  ): number {
    const slot = this.#newSlot();
    const table = this.#table;
    const row = slot * STRIDE;
    table[row + META] = LIVE | (verbatim ? VERBATIM : 0) | (ordinary ? ORDINARY : 0);
    table[row + NAME_START] = nameStart;
    table[row + NAME_END] = nameEnd;
    table[row + VALUE_START] = valueStart;
    table[row + VALUE_END] = valueEnd;
    table[row + HASH] = hash;
    this.#present |= nameBit(hash);
    this.#count++;
    this.#bytes += nameEnd - nameStart + valueEnd - valueStart;
    return slot;
  }

  /** Sets a pseudo-header that is not there to a received range. */
  appendPseudo(slot: number, valueStart: number, valueEnd: number): void {
    this.#fillPseudo(slot, RECEIVED, valueStart, valueEnd);
  }

  /** Sets a pseudo-header that is not there to a range of `known`. */
  appendPseudoConstant(slot: number, range: ConstantRange): void {
    this.#fillPseudo(slot, KNOWN, range[0], range[1]);
  }

  /** Takes a field off; to the owner of the map it was never there. */
  drop(slot: number): void {
    const table = this.#table;
    const row = slot * STRIDE;
    if ((table[row + META] & LIVE) === 0) return;
    table[row + META] = 0;
    this.#count--;
    this.#bytes -= table[row + NAME_END] - table[row + NAME_START];
    this.#bytes -= table[row + VALUE_END] - table[row + VALUE_START];
  }

  /** Adds a field whose name is copied, lower-cased, and whose value is empty; returns its slot. */
  protected appendName(hash: number, name: Uint8Array, start: number, end: number): number {
    const slot = this.#newSlot();
    this.#makeArena(end - start);
    const at = this.#arena.keepLower(name, start, end);
    const table = this.#table;
    const row = slot * STRIDE;
    table[row + META] = ARENA | (ARENA << VALUE_SOURCE) | LIVE;
    table[row + NAME_START] = at;
    table[row + NAME_END] = at + end - start;
    table[row + VALUE_START] = 0;
    table[row + VALUE_END] = 0;
    table[row + HASH] = hash;
    this.#present |= nameBit(hash);
    this.#count++;
    this.#bytes += end - start;
    return slot;
  }

  /** Adds a field of a name that stands in `known`, and whose value is empty; returns its slot. */
  protected appendKnownName({ at, bytes, hash, ordinary }: HeaderName): number {
    const slot = this.#newSlot();
    const table = this.#table;
    const row = slot * STRIDE;
    table[row + META] = KNOWN | (ARENA << VALUE_SOURCE) | LIVE | (ordinary ? ORDINARY : 0);
    table[row + NAME_START] = at;
    table[row + NAME_END] = at + bytes.length;
    table[row + VALUE_START] = 0;
    table[row + VALUE_END] = 0;
    table[row + HASH] = hash;
    this.#present |= nameBit(hash);
    this.#count++;
    this.#bytes += bytes.length;
    return slot;
  }

  /** Sets a pseudo-header that is not there to an empty value. */
  protected appendPseudoName(slot: number): void {
    this.#fillPseudo(slot, ARENA, 0, 0);
  }

  /** Gives a live field a copy of the value. */
  protected setValue(slot: number, value: Uint8Array, start: number, end: number): void {
    this.#makeArena(end - start);
    this.#pointValue(slot, ARENA, this.#arena.keep(value, start, end), end - start);
  }

  /** Points the value of a live field into `known`. */
  protected setKnownValue(slot: number, at: number, size: number): void {
    this.#pointValue(slot, KNOWN, at, size);
  }

  #pointValue(slot: number, source: number, at: number, size: number): void {
    const table = this.#table;
    const row = slot * STRIDE;
    const kept = table[row + META] & (SOURCE_MASK | ORDINARY);
    this.#bytes += size - (table[row + VALUE_END] - table[row + VALUE_START]);
    table[row + META] = kept | (source << VALUE_SOURCE) | LIVE;
    table[row + VALUE_START] = at;
    table[row + VALUE_END] = at + size;
  }

  /** Takes over what another table holds in its arena; the other one is not to be used again. */
  protected adopt(other: FieldTable): void {
    this.#arena = other.#arena;
    this.#table = other.#table;
    this.#end = other.#end;
    this.#count = other.#count;
    this.#bytes = other.#bytes;
    this.#present |= other.#present;
  }

  /** Whether the name is `host` and stands for `:authority` here: everywhere but in responses. */
  protected isAuthorityAlias(name: Uint8Array, start: number, end: number): boolean {
    return equalsIgnoreCase(name, start, end, HOST) && !this.live(STATUS);
  }

  #source(id: number): Uint8Array {
    if (id === RECEIVED) return this.#received;
    return id === ARENA ? this.#arena.bytes : known.bytes;
  }

  #sameName(row: number, name: Uint8Array, start: number, length: number): boolean {
    const table = this.#table;
    const bytes = this.#source(table[row + META] & SOURCE_MASK);
    const at = table[row + NAME_START];
    for (let i = 0; i < length; i++) if (bytes[at + i] !== LOWER[name[start + i]]) return false;
    return true;
  }

  #fillPseudo(slot: number, source: number, valueStart: number, valueEnd: number): void {
    const table = this.#table;
    const row = slot * STRIDE;
    table[row + META] = KNOWN | (source << VALUE_SOURCE) | LIVE;
    table[row + NAME_START] = PSEUDO_START[slot];
    table[row + NAME_END] = PSEUDO_END[slot];
    table[row + VALUE_START] = valueStart;
    table[row + VALUE_END] = valueEnd;
    table[row + HASH] = PSEUDO_HASH[slot];
    this.#present |= nameBit(PSEUDO_HASH[slot]);
    this.#count++;
    this.#bytes += PSEUDO_END[slot] - PSEUDO_START[slot] + valueEnd - valueStart;
  }

  #newSlot(): number {
    if ((this.#end + 1) * STRIDE > this.#table.length) this.#makeRoom();
    return this.#end++;
  }

  /** Squeezes dead slots out where that gives a quarter of the table, else doubles it. */
  #makeRoom(): void {
    let to = PSEUDO_COUNT;
    for (let slot = PSEUDO_COUNT; slot < this.#end; slot++) {
      if (!this.live(slot)) continue;
      if (to !== slot) this.#table.copyWithin(to * STRIDE, slot * STRIDE, (slot + 1) * STRIDE);
      to++;
    }
    this.#end = to;
    if (to * STRIDE * 4 <= this.#table.length * 3) return;
    const table = new Int32Array(this.#table.length * 2);
    table.set(this.#table);
    this.#table = table;
  }

  /** Makes sure that so many bytes fit into the arena; what lives moves where they do not. */
  #makeArena(length: number): void {
    if (this.#arena.fits(length)) return;
    const old = this.#arena.renew(this.#bytes, length);
    const table = this.#table;
    for (let slot = 0; slot < this.#end; slot++) {
      const row = slot * STRIDE;
      const meta = table[row + META];
      if ((meta & LIVE) === 0) continue;
      if ((meta & SOURCE_MASK) === ARENA) this.#moveRange(row + NAME_START, old);
      if (((meta >> VALUE_SOURCE) & SOURCE_MASK) === ARENA) this.#moveRange(row + VALUE_START, old);
    }
  }

  #moveRange(cell: number, old: Uint8Array): void {
    const start = this.#table[cell];
    const end = this.#table[cell + 1];
    this.#table[cell] = this.#arena.keep(old, start, end);
    this.#table[cell + 1] = this.#table[cell] + end - start;
  }
}
