/**
 * Where everything lies in the memory that the threads of a process share. Offsets are in bytes
 * from its start; 0 stands for "none". All structures are made of 32-bit words:
 *
 *     header | doorbells | spaces | queue table | buckets | orders | arena
 *
 * Blocks of the arena (names of spaces, entries, queues, items) are made and freed by `Arena`.
 *
 * A thread can end in the middle of a change. So what counts as there is decided by single words,
 * each written at once when all that it leads to is complete: a bucket or the `next` of an entry,
 * the name of a space, a place of the queue table, the head or the `next` of an item. All else
 * (free lists, counts, tails) is derived from these and made anew by `repair.ts`.
 */

/** The smallest block: an entry with a short key and a short value. */
export const UNIT_BITS = 6;

/** Words of the header. */
export const LOCK = 0;
/** Not 0: the holder of the lock did not finish; the next one repairs first. */
export const TORN = 1;
/** The last compare-and-swap token. */
export const LAST_CAS = 2;
/** Counts the queues ever made. */
export const QUEUES_MADE = 3;
/** Entries that expire. */
export const TIMED = 4;
/** The bucket at which the sweeper goes on. */
export const HAND = 5;
export const FREE_BYTES = 6;
export const REPAIRS = 7;
/** Counts the removals of spaces. */
export const DOOMS = 12;
/** A double: no entry expires before this time. */
export const EXPIRY = 8;
/** A double: when the last whole sweep was. */
export const SWEPT = 10;
/** Heads of the free lists by order, to the end of the header. */
export const FREE_LISTS = 16;
const HEADER_WORDS = 64;

export const THREADS_MAX = 256;
export const MASK_WORDS = THREADS_MAX / 32;

/** A space: everything of one VM id. Its words: */
/** Below 0: it is being removed, the number says by which removal. */
export const SPACE_NAME = 0;
export const SPACE_KEYS = 1;
export const SPACE_BYTES = 2;
export const SPACE_QUEUES = 3;
/** Bits of the threads that have it open. */
export const SPACE_HOLDERS = 4;
const SPACE_WORDS = 16;
export const SPACES_MAX = 1024;

/** A name in the arena: its length, then its bytes. */
export const NAME_HEAD = 4;

/** An entry: its words, then key, then value. */
export const ENTRY_NEXT = 0;
export const ENTRY_HASH = 1;
export const ENTRY_SPACE = 2;
export const ENTRY_KEY = 3;
export const ENTRY_VALUE = 4;
export const ENTRY_CAS = 5;
/** A double: when it expires, 0 = never. */
export const ENTRY_EXPIRY = 6;
export const ENTRY_HEAD = 32;

/** A queue: its words, then its name. */
export const QUEUE_ID = 0;
export const QUEUE_SPACE = 1;
export const QUEUE_NAME = 2;
export const QUEUE_FIRST = 3;
export const QUEUE_LAST = 4;
export const QUEUE_ITEMS = 5;
export const QUEUE_BYTES = 6;
/** Items that the consumer has not been told of. */
export const QUEUE_UNTOLD = 7;
/** The thread that is told, -1 = none. */
export const QUEUE_OWNER = 8;
/** Bits of the threads in which somebody has registered it. */
export const QUEUE_READERS = 9;
export const QUEUE_HEAD = (9 + MASK_WORDS) * 4;
export const QUEUES_MAX = 1024;

/** An item of a queue: its words, then its bytes. */
export const ITEM_NEXT = 0;
export const ITEM_SIZE = 1;
export const ITEM_HEAD = 8;

/** The memory and the views and offsets that everybody needs; the same in each thread. */
export interface Region {
  readonly buffer: SharedArrayBuffer;
  readonly words: Int32Array;
  readonly doubles: Float64Array;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly threads: number;
  /** Word index of the first doorbell; one for each thread. */
  readonly bells: number;
  /** Word index of a space's record. */
  readonly spaces: number;
  /** Word index of the queue table. */
  readonly queues: number;
  /** Word index of the first bucket. */
  readonly buckets: number;
  /** A power of two. */
  readonly bucketCount: number;
  /** Byte offset of the orders: one byte for each unit of the arena. */
  readonly orders: number;
  readonly arena: number;
  /** A power of two. */
  readonly arenaBytes: number;
}

/** What another thread needs to use the memory; plain data. */
export interface SharedMemory {
  readonly buffer: SharedArrayBuffer;
  readonly arenaBytes: number;
  readonly threads: number;
  /** Seeds the hash of keys, so that nobody outside can make them collide. */
  readonly seed: readonly [number, number];
}

/** Bytes of arena for each bucket: at 64 bytes an entry, four entries a bucket at most. */
const ARENA_BYTES_PER_BUCKET = 256;

/** The smallest arena that makes sense, 64 KiB. */
const ARENA_BYTES_MIN = 1 << 16;

/**
 * Memory for so many threads. Untouched pages cost nothing: the system gives them when they are
 * first written.
 */
export function createSharedMemory(
  arenaBytes: number,
  threads: number,
  seed: readonly [number, number],
): SharedMemory {
  let rounded = ARENA_BYTES_MIN;
  while (rounded < arenaBytes) rounded *= 2;
  const { size } = offsets(rounded, threads);
  return { buffer: new SharedArrayBuffer(size), arenaBytes: rounded, threads, seed };
}

export function openRegion(memory: SharedMemory): Region {
  const { buffer, arenaBytes, threads } = memory;
  return {
    buffer,
    words: new Int32Array(buffer),
    doubles: new Float64Array(buffer),
    bytes: new Uint8Array(buffer),
    view: new DataView(buffer),
    threads,
    arenaBytes,
    ...offsets(arenaBytes, threads),
  };
}

function offsets(arenaBytes: number, threads: number) {
  const bells = HEADER_WORDS;
  const spaces = bells + threads;
  const queues = spaces + SPACES_MAX * SPACE_WORDS;
  const buckets = queues + QUEUES_MAX;
  const bucketCount = arenaBytes / ARENA_BYTES_PER_BUCKET;
  const orders = (buckets + bucketCount) * 4;
  const ordersEnd = orders + (arenaBytes >>> UNIT_BITS);
  const arena = (ordersEnd + (1 << UNIT_BITS) - 1) & -(1 << UNIT_BITS);
  return { bells, spaces, queues, buckets, bucketCount, orders, arena, size: arena + arenaBytes };
}

/** Word index of a space's record. */
export function spaceAt(region: Region, space: number): number {
  return region.spaces + space * SPACE_WORDS;
}

export function entrySize(keySize: number, valueSize: number): number {
  return ENTRY_HEAD + keySize + valueSize;
}

/** Sets or clears a thread's bit in a mask that begins at a word; whether the mask has any left. */
export function markThread(words: Int32Array, mask: number, thread: number, on: boolean): boolean {
  const bit = 1 << (thread & 31);
  const at = mask + (thread >>> 5);
  words[at] = on ? words[at] | bit : words[at] & ~bit;
  return anyThread(words, mask) >= 0;
}

/** The lowest thread of a mask, -1 where it has none. */
export function anyThread(words: Int32Array, mask: number): number {
  for (let i = 0; i < MASK_WORDS; i++) {
    const word = words[mask + i];
    if (word !== 0) return i * 32 + 31 - Math.clz32(word & -word);
  }
  return -1;
}
