import { FREE_BYTES, FREE_LISTS, type Region, SWEPT, UNIT_BITS } from './layout.ts';

/** Marks the order of a block that is free. */
const FREE = 0x80;
/** A free block's words. */
const NEXT = 0;
const BEFORE = 1;

/**
 * Hands out blocks of the shared arena: a buddy allocator. Sizes are powers of two, neighbours
 * that are free melt together at once, so that whatever sizes came and went, all of it can be had
 * again. A request costs a few splits at most. Used under the lock only.
 */
export class Arena {
  readonly #region: Region;
  readonly #words: Int32Array;
  readonly #orders: Uint8Array;
  readonly #base: number;
  readonly #top: number;

  constructor(region: Region) {
    this.#region = region;
    this.#words = region.words;
    this.#base = region.arena;
    this.#top = 31 - Math.clz32(region.arenaBytes);
    this.#orders = region.bytes.subarray(
      region.orders,
      region.orders + (region.arenaBytes >>> UNIT_BITS),
    );
  }

  /** For the thread that creates the memory. */
  format(): void {
    this.#region.doubles[SWEPT / 2] = Number.NEGATIVE_INFINITY;
    this.beginRebuild();
    this.endRebuild();
  }

  get freeBytes(): number {
    return this.#words[FREE_BYTES];
  }

  /** A block of at least so many bytes, or 0 where there is none. */
  allocate(size: number): number {
    const order = orderFor(size);
    let found = order;
    while (found <= this.#top && this.#words[FREE_LISTS + found] === 0) found++;
    if (found > this.#top) return 0;
    const block = this.#words[FREE_LISTS + found];
    this.#unlink(block, found);
    while (found > order) this.#push(block + (1 << --found), found);
    this.#orders[(block - this.#base) >>> UNIT_BITS] = order;
    this.#words[FREE_BYTES] -= 1 << order;
    return block;
  }

  free(block: number): void {
    let offset = block - this.#base;
    let order = this.#orders[offset >>> UNIT_BITS];
    this.#words[FREE_BYTES] += 1 << order;
    this.#orders[offset >>> UNIT_BITS] = 0;
    while (order < this.#top) {
      const buddy = offset ^ (1 << order);
      if (this.#orders[buddy >>> UNIT_BITS] !== (order | FREE)) break;
      this.#unlink(this.#base + buddy, order);
      this.#orders[buddy >>> UNIT_BITS] = 0;
      offset &= ~(1 << order);
      order++;
    }
    this.#push(this.#base + offset, order);
  }

  /** Forgets what is free; then `keep` each block that is in use, then `endRebuild`. */
  beginRebuild(): void {
    this.#orders.fill(0);
    this.#words.fill(0, FREE_LISTS, FREE_LISTS + this.#top + 1);
    this.#words[FREE_BYTES] = 0;
  }

  /** A block that is in use, of the size that was asked for. */
  keep(block: number, size: number): void {
    this.#orders[(block - this.#base) >>> UNIT_BITS] = orderFor(size);
  }

  /** Everything between the blocks kept is free. */
  endRebuild(): void {
    const units = this.#orders.length;
    let begin = 0;
    for (let unit = 0; unit < units; ) {
      const order = this.#orders[unit];
      if (order === 0) {
        unit++;
        continue;
      }
      this.#freeUnits(begin, unit);
      unit += 1 << (order - UNIT_BITS);
      begin = unit;
    }
    this.#freeUnits(begin, units);
  }

  /** Fills a gap with the largest blocks that stand at multiples of their own size. */
  #freeUnits(begin: number, end: number): void {
    for (let unit = begin; unit < end; ) {
      let order = UNIT_BITS;
      for (; order < this.#top; order++) {
        const next = 1 << (order + 1 - UNIT_BITS);
        if ((unit & (next - 1)) !== 0 || unit + next > end) break;
      }
      this.#words[FREE_BYTES] += 1 << order;
      this.#push(this.#base + (unit << UNIT_BITS), order);
      unit += 1 << (order - UNIT_BITS);
    }
  }

  #push(block: number, order: number): void {
    const words = this.#words;
    const head = words[FREE_LISTS + order];
    words[(block >>> 2) + NEXT] = head;
    words[(block >>> 2) + BEFORE] = 0;
    if (head !== 0) words[(head >>> 2) + BEFORE] = block;
    words[FREE_LISTS + order] = block;
    this.#orders[(block - this.#base) >>> UNIT_BITS] = order | FREE;
  }

  #unlink(block: number, order: number): void {
    const words = this.#words;
    const next = words[(block >>> 2) + NEXT];
    const before = words[(block >>> 2) + BEFORE];
    if (before === 0) words[FREE_LISTS + order] = next;
    else words[(before >>> 2) + NEXT] = next;
    if (next !== 0) words[(next >>> 2) + BEFORE] = before;
  }

  /** Bytes in all; for messages and tests. */
  get size(): number {
    return this.#region.arenaBytes;
  }
}

function orderFor(size: number): number {
  return size <= 1 << UNIT_BITS ? UNIT_BITS : 32 - Math.clz32(size - 1);
}
