import * as status from '@lateen/sdk/abi/status';
import { NO_BYTES } from '@lateen/sdk/base/bytes';
import type { QueueReader, SharedCaps, SharedSpace } from '../effects.ts';
import { ABSENT, type KeyPlace } from './entries.ts';
import type { Guarded } from './guarded.ts';
import { copyBytes } from './parts.ts';
import type { QueueReaders } from './queue-readers.ts';

const COUNTER_BYTES = 8;
/** Buckets that one hold of the lock looks through for a list of keys. */
const LIST_STEP = 16 * 1024;
const LIST_BYTES_MAX = 64 * 1024;

const NO_CAPS: SharedCaps = {
  sharedDataBytesMax: Number.MAX_SAFE_INTEGER,
  queueItemsMax: Number.MAX_SAFE_INTEGER,
};

/** Numbers of no space: there is no room for another one; the lock could not be had. */
const NO_ROOM = -1;
export const LOCKED = -2;
const LOCK_REFUSAL = 'another thread holds the lock and does not go on';

/** How a space is found or made in the shared memory, and let go. */
export interface SpaceLink {
  /** Its number, or one of those above. */
  open(): number;
  close(): void;
}

/** Everything of one VM id, for one thread. See `SharedSpace` for what the methods do. */
export class Space implements SharedSpace {
  refusal = '';
  readonly #guarded: Guarded;
  readonly #readers: QueueReaders;
  readonly #key: KeyPlace;
  readonly #link: SpaceLink;
  readonly #queueItemsMax: number;
  #closed = false;
  /** Arguments of the call under way: so no call makes a closure. */
  #start = 0;
  #end = 0;
  #cas = 0;
  #ttlMs = 0;
  #delta = 0n;

  constructor(
    guarded: Guarded,
    readers: QueueReaders,
    link: SpaceLink,
    caps: SharedCaps = NO_CAPS,
  ) {
    this.#guarded = guarded;
    this.#readers = readers;
    this.#link = link;
    const nowhere = { source: NO_BYTES, start: 0, end: 0, hash: 0, entry: 0, link: 0 };
    this.#queueItemsMax = caps.queueItemsMax;
    this.#key = { space: link.open(), bytesMax: caps.sharedDataBytesMax, ...nowhere };
  }

  get value(): Uint8Array {
    return this.#guarded.answer.bytes;
  }

  get size(): number {
    return this.#guarded.answer.size;
  }

  get cas(): number {
    return this.#cas;
  }

  at(source: Uint8Array, start: number, end: number): void {
    const key = this.#key;
    key.source = source;
    key.start = start;
    key.end = end;
  }

  get(): number {
    return this.#run(this.#get);
  }

  set(start: number, end: number, cas: number, ttlMs: number): number {
    this.#start = start;
    this.#end = end;
    this.#cas = cas;
    this.#ttlMs = ttlMs;
    return this.#run(this.#set);
  }

  remove(cas: number): number {
    this.#cas = cas;
    return this.#run(this.#remove);
  }

  has(): number {
    return this.#run(this.#has);
  }

  add(delta: bigint, ttlMs: number): number {
    this.#delta = delta;
    this.#ttlMs = ttlMs;
    return this.#run(this.#add);
  }

  list(cursor: number, limit: number): number {
    const { bucketCount } = this.#guarded.parts.region;
    const { answer, structures } = this.#guarded;
    answer.fit(4);
    let left = Math.max(1, limit);
    let bucket = Math.min(cursor, bucketCount);
    const step = () => {
      const end = Math.min(bucket + LIST_STEP, bucketCount);
      while (left > 0 && answer.size < LIST_BYTES_MAX) {
        bucket = structures.entries.nextFull(bucket, end);
        if (bucket === end) break;
        left -= this.#listBucket(bucket++);
      }
      return status.OK;
    };
    while (bucket < bucketCount && left > 0 && answer.size < LIST_BYTES_MAX) {
      const result = this.#run(step);
      if (result !== status.OK) return result;
    }
    new DataView(answer.bytes.buffer).setUint32(0, bucket < bucketCount ? bucket : 0, true);
    return status.OK;
  }

  register(reader: QueueReader): number {
    const { source, start, end } = this.#key;
    const { queues } = this.#guarded.structures;
    const id = this.#runFor(() => {
      const block = queues.open(this.#key.space, source, start, end);
      this.refusal = queues.refusal;
      if (block === 0) return 0;
      queues.register(block);
      return queues.id(block);
    }, 0);
    if (id !== 0) this.#readers.add(id, reader);
    return id;
  }

  resolve(vmId: Uint8Array): number {
    const { source, start, end } = this.#key;
    const { queues, spaces } = this.#guarded.structures;
    return this.#runFor(() => {
      const space = vmId.length === 0 ? this.#key.space : spaces.find(vmId);
      const block = space < 0 ? 0 : queues.byName(space, source, start, end);
      return block === 0 ? 0 : queues.id(block);
    }, 0);
  }

  enqueue(id: number, source: Uint8Array, start: number, end: number): number {
    const { queues } = this.#guarded.structures;
    let reader = -1;
    const result = this.#runFor(() => {
      const block = queues.byId(id);
      if (block === 0) return status.NOT_FOUND;
      queues.itemsMax = this.#queueItemsMax;
      if (!queues.append(block, source, start, end)) {
        this.refusal = queues.refusal;
        return status.INTERNAL_FAILURE;
      }
      reader = queues.toTell(block);
      return status.OK;
    }, status.INTERNAL_FAILURE);
    this.#readers.ring(reader);
    return result;
  }

  dequeue(id: number): number {
    const { queues, parts } = this.#guarded.structures;
    return this.#runFor(() => {
      const block = queues.byId(id);
      if (block === 0) return status.NOT_FOUND;
      const item = queues.first(block);
      if (item === 0) return status.EMPTY;
      this.#guarded.answer.take(parts.region.bytes, queues.itemAt(item), queues.itemSize(item));
      queues.removeFirst(block);
      return status.OK;
    }, status.INTERNAL_FAILURE);
  }

  forget(reader: QueueReader): void {
    this.#readers.remove(reader);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#key.space >= 0) this.#link.close();
  }

  readonly #get = (): number => {
    const { entries, parts } = this.#guarded.structures;
    const entry = entries.find(this.#key);
    if (entry === 0) return status.NOT_FOUND;
    this.#cas = entries.cas(entry);
    const size = entries.valueSize(entry);
    this.#guarded.answer.take(parts.region.bytes, entries.valueAt(entry), size);
    return status.OK;
  };

  readonly #set = (): number => {
    const { entries, parts } = this.#guarded.structures;
    const key = this.#key;
    const entry = entries.find(key);
    if (this.#cas === ABSENT && entry !== 0) return status.CAS_MISMATCH;
    const compared = this.#cas === ABSENT ? status.OK : entries.compare(key, this.#cas);
    if (compared !== status.OK) return compared;
    const size = this.#end - this.#start;
    const block = entries.reserve(key, size);
    if (block === 0) return this.#refuse(entries.refusal);
    const value = entries.valueAt(block);
    copyBytes(parts.region.bytes, value, key.source, this.#start, this.#end);
    entries.commit(key, block, this.#expiry());
    return status.OK;
  };

  readonly #remove = (): number => {
    const { entries } = this.#guarded.structures;
    const key = this.#key;
    if (entries.find(key) === 0) return status.NOT_FOUND;
    const compared = entries.compare(key, this.#cas);
    if (compared === status.OK) entries.remove(key.entry, key.link);
    return compared;
  };

  readonly #has = (): number =>
    this.#guarded.structures.entries.find(this.#key) === 0 ? status.NOT_FOUND : status.OK;

  readonly #add = (): number => {
    const { entries, parts } = this.#guarded.structures;
    const { view } = parts.region;
    const key = this.#key;
    const entry = entries.find(key);
    let value = this.#delta;
    let expiry = 0;
    if (entry === 0) expiry = this.#expiry();
    else {
      if (entries.valueSize(entry) !== COUNTER_BYTES) return status.BAD_ARGUMENT;
      value += view.getBigInt64(entries.valueAt(entry), true);
      if (BigInt.asIntN(64, value) !== value) return status.BAD_ARGUMENT;
      expiry = entries.expiry(entry);
    }
    const block = entries.reserve(key, COUNTER_BYTES);
    if (block === 0) return this.#refuse(entries.refusal);
    const at = entries.valueAt(block);
    view.setBigInt64(at, value, true);
    this.#guarded.answer.take(parts.region.bytes, at, COUNTER_BYTES);
    entries.commit(key, block, expiry);
    return status.OK;
  };

  /** Appends the matching keys of one bucket to the answer; how many there were. */
  #listBucket(bucket: number): number {
    const { answer, structures } = this.#guarded;
    const { bytes } = structures.parts.region;
    let count = 0;
    structures.entries.keysIn(bucket, this.#key, (start, end) => {
      const at = answer.size;
      const target = answer.fit(at + 4 + end - start, at);
      new DataView(target.buffer).setUint32(at, end - start, true);
      target.set(bytes.subarray(start, end), at + 4);
      count++;
    });
    return count;
  }

  #expiry(): number {
    return this.#ttlMs === 0 ? 0 : this.#guarded.parts.now() + this.#ttlMs;
  }

  #refuse(why: string): number {
    this.refusal = why;
    return status.INTERNAL_FAILURE;
  }

  /** Work on a key: its hash is made before the lock is taken. */
  #run(work: () => number): number {
    const key = this.#key;
    if (key.space < 0 && !this.#reopen()) return status.INTERNAL_FAILURE;
    key.hash = this.#guarded.parts.hash.of(key.space, key.source, key.start, key.end);
    return this.#runFor(work, status.INTERNAL_FAILURE);
  }

  #runFor<T>(work: () => T, otherwise: T): T {
    if (this.#key.space < 0 && !this.#reopen()) return otherwise;
    this.refusal = LOCK_REFUSAL;
    if (!this.#guarded.lock.acquire()) return otherwise;
    this.refusal = '';
    return this.#guarded.finish(work);
  }

  /** There was no room for the space, or the lock could not be had: perhaps now. */
  #reopen(): boolean {
    if (this.#closed) return false;
    const number = this.#link.open();
    this.#key.space = number;
    this.refusal = number === LOCKED ? LOCK_REFUSAL : 'there is no room for another VM id';
    return number > NO_ROOM;
  }
}
