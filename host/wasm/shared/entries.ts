import * as status from '@lateen/sdk/abi/status';
import {
  ENTRY_CAS,
  ENTRY_EXPIRY,
  ENTRY_HASH,
  ENTRY_HEAD,
  ENTRY_KEY,
  ENTRY_NEXT,
  ENTRY_SPACE,
  ENTRY_VALUE,
  EXPIRY,
  entrySize,
  HAND,
  LAST_CAS,
  SPACE_BYTES,
  SPACE_KEYS,
  SWEPT,
  spaceAt,
  TIMED,
} from './layout.ts';
import { copyBytes, type SharedParts, sameBytes } from './parts.ts';

/** Stands for "only where there is no such key" in the place of a token; no token is it. */
export const ABSENT = 0xffffffff;

/** Buckets that each new key looks through for expired ones. */
const SWEEP_STEP = 4;
/** A whole sweep walks all buckets: no more often than this. */
const SWEEP_PAUSE_MS = 10;

/** A key of a space in somebody's memory, and where it was found. */
export interface KeyPlace {
  space: number;
  source: Uint8Array;
  start: number;
  end: number;
  hash: number;
  /** What the space may hold for whoever asks. */
  readonly bytesMax: number;
  /** The entry's block, 0 = none. */
  entry: number;
  /** Index of the word that leads to the entry, or would lead to a new one. */
  link: number;
}

/**
 * Entries: a hash table with chains. A change of an entry is a new block that takes the old one's
 * place in its chain by one store. Used under the lock only.
 */
export class Entries {
  readonly #parts: SharedParts;
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;
  readonly #bytes: Uint8Array;
  readonly #mask: number;
  /** Why the last `put` was refused. */
  refusal = '';

  constructor(parts: SharedParts) {
    this.#parts = parts;
    this.#words = parts.region.words;
    this.#doubles = parts.region.doubles;
    this.#bytes = parts.region.bytes;
    this.#mask = parts.region.bucketCount - 1;
  }

  /** Fills in `entry` and `link`. An entry that has expired is removed on the way. */
  find(key: KeyPlace): number {
    const words = this.#words;
    key.link = this.#parts.region.buckets + (key.hash & this.#mask);
    key.entry = 0;
    for (let entry = words[key.link]; entry !== 0; entry = words[key.link]) {
      if (words[(entry >>> 2) + ENTRY_HASH] === key.hash && this.#is(entry, key)) {
        if (!this.#expired(entry)) key.entry = entry;
        else this.remove(entry, key.link);
        break;
      }
      key.link = (entry >>> 2) + ENTRY_NEXT;
    }
    return key.entry;
  }

  /**
   * Gives a found (or missing) key a value: `size` bytes for the caller to write at the place that
   * `commit` gets. 0 where it is refused; nothing has changed then.
   */
  reserve(key: KeyPlace, size: number): number {
    this.refusal = this.#whyNot(key, size);
    if (this.refusal !== '' && this.#swept()) {
      this.find(key);
      this.refusal = this.#whyNot(key, size);
    }
    if (this.refusal !== '') return 0;
    const keySize = key.end - key.start;
    const block = this.#allocate(key, entrySize(keySize, size));
    if (block === 0) {
      this.refusal = `the shared memory of the process (${this.#parts.arena.size} bytes) is full`;
      return 0;
    }
    copyBytes(this.#bytes, block + ENTRY_HEAD, key.source, key.start, key.end);
    const at = block >>> 2;
    this.#words[at + ENTRY_HASH] = key.hash;
    this.#words[at + ENTRY_SPACE] = key.space;
    this.#words[at + ENTRY_KEY] = keySize;
    this.#words[at + ENTRY_VALUE] = size;
    return block;
  }

  /** Puts a reserved block, its value written, in its place. `expiry` 0 = never. */
  commit(key: KeyPlace, block: number, expiry: number): void {
    const words = this.#words;
    const old = key.entry;
    words[(block >>> 2) + ENTRY_CAS] = this.#nextCas();
    words[(block >>> 2) + ENTRY_NEXT] = old === 0 ? 0 : words[(old >>> 2) + ENTRY_NEXT];
    this.#doubles[(block >>> 3) + ENTRY_EXPIRY / 2] = expiry;
    Atomics.store(words, key.link, block);
    key.entry = block;
    this.#account(block, 1);
    if (old !== 0) {
      this.#account(old, -1);
      this.#parts.arena.free(old);
    } else if (words[TIMED] > 0) this.#sweep(SWEEP_STEP);
  }

  /** Takes an entry out of its chain. */
  remove(entry: number, link: number): void {
    Atomics.store(this.#words, link, this.#words[(entry >>> 2) + ENTRY_NEXT]);
    this.#account(entry, -1);
    this.#parts.arena.free(entry);
  }

  /** Removes the entries of a space that stand in buckets [from, to). */
  clear(space: number, from: number, to: number): void {
    const isOf = (entry: number) => this.#words[(entry >>> 2) + ENTRY_SPACE] === space;
    this.#eachLink(isOf, from, to);
  }

  /** The first bucket of [from, to) that has entries, `to` where none has. */
  nextFull(from: number, to: number): number {
    const words = this.#words;
    const { buckets } = this.#parts.region;
    let bucket = from;
    while (bucket < to && words[buckets + bucket] === 0) bucket++;
    return bucket;
  }

  cas(entry: number): number {
    return this.#words[(entry >>> 2) + ENTRY_CAS] >>> 0;
  }

  expiry(entry: number): number {
    return this.#doubles[(entry >>> 3) + ENTRY_EXPIRY / 2];
  }

  valueSize(entry: number): number {
    return this.#words[(entry >>> 2) + ENTRY_VALUE];
  }

  valueAt(entry: number): number {
    return entry + ENTRY_HEAD + this.#words[(entry >>> 2) + ENTRY_KEY];
  }

  /** A status: whether a change with that token may take place. */
  compare(key: KeyPlace, cas: number): number {
    if (key.entry === 0 || cas === 0) return status.OK;
    return this.cas(key.entry) === cas ? status.OK : status.CAS_MISMATCH;
  }

  /** Keys of a bucket that belong to a space and begin with the bytes, as places in the memory. */
  keysIn(bucket: number, key: KeyPlace, found: (start: number, end: number) => void): void {
    const words = this.#words;
    const size = key.end - key.start;
    let entry = words[this.#parts.region.buckets + bucket];
    for (; entry !== 0; entry = words[(entry >>> 2) + ENTRY_NEXT]) {
      const at = entry >>> 2;
      if (words[at + ENTRY_SPACE] !== key.space || words[at + ENTRY_KEY] < size) continue;
      const start = entry + ENTRY_HEAD;
      if (!sameBytes(this.#bytes, start, key.source, key.start, key.end)) continue;
      if (!this.#expired(entry)) found(start, start + words[at + ENTRY_KEY]);
    }
  }

  /** All buckets at once, where something in them is due; whether it was done. */
  #swept(): boolean {
    const now = this.#parts.now();
    const doubles = this.#doubles;
    if (this.#words[TIMED] === 0 || now < doubles[EXPIRY / 2]) return false;
    if (now - doubles[SWEPT / 2] < SWEEP_PAUSE_MS) return false;
    doubles[SWEPT / 2] = now;
    let next = Number.POSITIVE_INFINITY;
    const due = (entry: number) => {
      const expiry = this.expiry(entry);
      if (expiry !== 0 && expiry > now) next = Math.min(next, expiry);
      return expiry !== 0 && expiry <= now;
    };
    this.#eachLink(due, 0, this.#parts.region.bucketCount);
    doubles[EXPIRY / 2] = next;
    return true;
  }

  /** A few buckets more, from where the last sweep ended. */
  #sweep(buckets: number): void {
    const now = this.#parts.now();
    const hand = this.#words[HAND];
    this.#words[HAND] = (hand + buckets) & this.#mask;
    for (let i = 0; i < buckets; i++) this.#sweepBucket((hand + i) & this.#mask, now);
  }

  #sweepBucket(bucket: number, now: number): void {
    const words = this.#words;
    let link = this.#parts.region.buckets + bucket;
    for (let entry = words[link]; entry !== 0; entry = words[link]) {
      const expiry = this.expiry(entry);
      if (expiry !== 0 && expiry <= now) this.remove(entry, link);
      else link = (entry >>> 2) + ENTRY_NEXT;
    }
  }

  /** Removes what the function says of all that stands in buckets [from, to). */
  #eachLink(remove: (entry: number) => boolean, from: number, to: number): void {
    const words = this.#words;
    const { buckets } = this.#parts.region;
    for (let bucket = from; bucket < to; bucket++) {
      let link = buckets + bucket;
      for (let entry = words[link]; entry !== 0; entry = words[link]) {
        if (remove(entry)) this.remove(entry, link);
        else link = (entry >>> 2) + ENTRY_NEXT;
      }
    }
  }

  #is(entry: number, key: KeyPlace): boolean {
    const at = entry >>> 2;
    const size = key.end - key.start;
    if (this.#words[at + ENTRY_KEY] !== size) return false;
    if (this.#words[at + ENTRY_SPACE] !== key.space) return false;
    return sameBytes(this.#bytes, entry + ENTRY_HEAD, key.source, key.start, key.end);
  }

  #expired(entry: number): boolean {
    const expiry = this.expiry(entry);
    return expiry !== 0 && expiry <= this.#parts.now();
  }

  #whyNot(key: KeyPlace, size: number): string {
    const { limits, region } = this.#parts;
    const keySize = key.end - key.start;
    if (keySize > limits.keyBytesMax) return `a key has at most ${limits.keyBytesMax} bytes`;
    if (size > limits.valueBytesMax) return `a value has at most ${limits.valueBytesMax} bytes`;
    const space = spaceAt(region, key.space);
    const before = key.entry === 0 ? 0 : keySize + this.valueSize(key.entry);
    const bytesMax = Math.min(limits.bytesPerVmMax, key.bytesMax);
    if (this.#words[space + SPACE_BYTES] - before + keySize + size > bytesMax) {
      return `a VM id has at most ${bytesMax} bytes of keys and values (limits.sharedData)`;
    }
    if (key.entry === 0 && this.#words[space + SPACE_KEYS] >= limits.keysPerVmMax) {
      return `a VM id has at most ${limits.keysPerVmMax} keys`;
    }
    return '';
  }

  #allocate(key: KeyPlace, size: number): number {
    const block = this.#parts.arena.allocate(size);
    if (block !== 0 || !this.#swept()) return block;
    this.find(key);
    return this.#parts.arena.allocate(size);
  }

  /** Derived figures, when an entry comes or goes. */
  #account(entry: number, by: 1 | -1): void {
    const words = this.#words;
    const at = entry >>> 2;
    const space = spaceAt(this.#parts.region, words[at + ENTRY_SPACE]);
    words[space + SPACE_KEYS] += by;
    words[space + SPACE_BYTES] += by * (words[at + ENTRY_KEY] + words[at + ENTRY_VALUE]);
    const expiry = this.expiry(entry);
    if (expiry === 0) return;
    words[TIMED] += by;
    const { doubles } = this.#parts.region;
    if (by === 1 && (words[TIMED] === 1 || expiry < doubles[EXPIRY / 2])) {
      doubles[EXPIRY / 2] = expiry;
    }
  }

  #nextCas(): number {
    const next = (this.#words[LAST_CAS] + 1) | 0;
    const cas = next === 0 || next === -1 ? 1 : next;
    this.#words[LAST_CAS] = cas;
    return cas;
  }

  /** Counts everything anew and tells the allocator which blocks are in use. */
  recount(): void {
    const words = this.#words;
    const { buckets, bucketCount } = this.#parts.region;
    words[TIMED] = 0;
    for (let bucket = 0; bucket < bucketCount; bucket++) {
      let entry = words[buckets + bucket];
      for (; entry !== 0; entry = words[(entry >>> 2) + ENTRY_NEXT]) {
        const at = entry >>> 2;
        this.#parts.arena.keep(entry, entrySize(words[at + ENTRY_KEY], words[at + ENTRY_VALUE]));
        this.#account(entry, 1);
      }
    }
  }
}
