import {
  anyThread,
  ITEM_HEAD,
  ITEM_NEXT,
  ITEM_SIZE,
  markThread,
  QUEUE_BYTES,
  QUEUE_FIRST,
  QUEUE_HEAD,
  QUEUE_ID,
  QUEUE_ITEMS,
  QUEUE_LAST,
  QUEUE_NAME,
  QUEUE_OWNER,
  QUEUE_READERS,
  QUEUE_SPACE,
  QUEUE_UNTOLD,
  QUEUES_MADE,
  QUEUES_MAX,
  SPACE_QUEUES,
  spaceAt,
} from './layout.ts';
import { copyBytes, type SharedParts, sameBytes } from './parts.ts';

/** What is said of a queue to whoever looks at it. */
export interface QueueUse {
  readonly name: string;
  readonly items: number;
  readonly bytes: number;
}

/** Queues and their items. Used under the lock only. */
export class Queues {
  readonly #parts: SharedParts;
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  /** Why the last `register` or `append` was refused. */
  refusal = '';
  /** What whoever appends next may have in one queue. */
  itemsMax = Number.MAX_SAFE_INTEGER;

  constructor(parts: SharedParts) {
    this.#parts = parts;
    this.#words = parts.region.words;
    this.#bytes = parts.region.bytes;
  }

  /** The block of a queue by its id, 0 where there is none. */
  byId(id: number): number {
    const block = this.#words[this.#parts.region.queues + ((id - 1) & (QUEUES_MAX - 1))];
    return block !== 0 && this.#words[(block >>> 2) + QUEUE_ID] === id ? block : 0;
  }

  byName(space: number, source: Uint8Array, start: number, end: number): number {
    const { queues } = this.#parts.region;
    for (let place = 0; place < QUEUES_MAX; place++) {
      const block = this.#words[queues + place];
      if (block === 0 || this.#words[(block >>> 2) + QUEUE_SPACE] !== space) continue;
      if (this.#words[(block >>> 2) + QUEUE_NAME] !== end - start) continue;
      if (sameBytes(this.#bytes, block + QUEUE_HEAD, source, start, end)) return block;
    }
    return 0;
  }

  id(block: number): number {
    return this.#words[(block >>> 2) + QUEUE_ID];
  }

  /** Finds or makes the queue; 0 where it is refused. */
  open(space: number, source: Uint8Array, start: number, end: number): number {
    const known = this.byName(space, source, start, end);
    return known !== 0 ? known : this.#create(space, source, start, end);
  }

  /** This thread is told of items from now on. */
  register(block: number): void {
    const at = block >>> 2;
    markThread(this.#words, at + QUEUE_READERS, this.#parts.thread, true);
    this.#words[at + QUEUE_OWNER] = this.#parts.thread;
  }

  /** Nobody in that thread reads the queue any more; another thread that does takes over. */
  unregister(block: number, thread: number): void {
    const at = block >>> 2;
    markThread(this.#words, at + QUEUE_READERS, thread, false);
    if (this.#words[at + QUEUE_OWNER] === thread) {
      this.#words[at + QUEUE_OWNER] = anyThread(this.#words, at + QUEUE_READERS);
    }
  }

  /** The thread that has to be told of something, -1 = none. */
  toTell(block: number): number {
    const at = block >>> 2;
    return this.#words[at + QUEUE_UNTOLD] > 0 ? this.#words[at + QUEUE_OWNER] : -1;
  }

  /** Takes over what this thread has to tell its readers of, at most so many. */
  takeUntold(block: number, most: number): number {
    const at = block >>> 2;
    if (this.#words[at + QUEUE_OWNER] !== this.#parts.thread) return 0;
    const taken = Math.min(most, this.#words[at + QUEUE_UNTOLD]);
    this.#words[at + QUEUE_UNTOLD] -= taken;
    return taken;
  }

  /** What could not be told after all. */
  giveUntold(block: number, count: number): void {
    this.#words[(block >>> 2) + QUEUE_UNTOLD] += count;
  }

  /** Puts an item at the end; false where it is refused. */
  append(block: number, source: Uint8Array, start: number, end: number): boolean {
    const words = this.#words;
    const at = block >>> 2;
    const size = end - start;
    this.refusal = this.#whyNot(at, size);
    if (this.refusal !== '') return false;
    const item = this.#parts.arena.allocate(ITEM_HEAD + size);
    if (item === 0) {
      this.refusal = `the shared memory of the process (${this.#parts.arena.size} bytes) is full`;
      return false;
    }
    words[(item >>> 2) + ITEM_NEXT] = 0;
    words[(item >>> 2) + ITEM_SIZE] = size;
    copyBytes(this.#bytes, item + ITEM_HEAD, source, start, end);
    // Before the item is there: told of nothing is better than not told of something.
    words[at + QUEUE_UNTOLD]++;
    const last = words[at + QUEUE_LAST];
    const link = words[at + QUEUE_FIRST] === 0 ? at + QUEUE_FIRST : (last >>> 2) + ITEM_NEXT;
    Atomics.store(words, link, item);
    words[at + QUEUE_LAST] = item;
    this.#account(at, size, 1);
    return true;
  }

  /** The oldest item, 0 where the queue is empty; its bytes are [itemAt, itemAt + itemSize). */
  first(block: number): number {
    return this.#words[(block >>> 2) + QUEUE_FIRST];
  }

  itemSize(item: number): number {
    return this.#words[(item >>> 2) + ITEM_SIZE];
  }

  itemAt(item: number): number {
    return item + ITEM_HEAD;
  }

  removeFirst(block: number): void {
    const words = this.#words;
    const at = block >>> 2;
    const item = words[at + QUEUE_FIRST];
    Atomics.store(words, at + QUEUE_FIRST, words[(item >>> 2) + ITEM_NEXT]);
    this.#account(at, this.itemSize(item), -1);
    this.#parts.arena.free(item);
  }

  /** Removes all queues of a space with what is in them. */
  clear(space: number): void {
    for (const block of this.all(space)) {
      this.#words[this.#placeOf(block)] = 0;
      this.#words[spaceAt(this.#parts.region, space) + SPACE_QUEUES]--;
      for (let item = this.first(block); item !== 0; ) {
        const next = this.#words[(item >>> 2) + ITEM_NEXT];
        this.#parts.arena.free(item);
        item = next;
      }
      this.#parts.arena.free(block);
    }
  }

  /** The blocks of all queues, or of those of one space. */
  all(space = -1): readonly number[] {
    const { queues } = this.#parts.region;
    const blocks: number[] = [];
    for (let place = 0; place < QUEUES_MAX; place++) {
      const block = this.#words[queues + place];
      if (block === 0) continue;
      if (space < 0 || this.#words[(block >>> 2) + QUEUE_SPACE] === space) blocks.push(block);
    }
    return blocks;
  }

  use(block: number): QueueUse {
    const at = block >>> 2;
    const start = block + QUEUE_HEAD;
    const name = this.#bytes.slice(start, start + this.#words[at + QUEUE_NAME]);
    return {
      name: Buffer.from(name).toString('utf8'),
      items: this.#words[at + QUEUE_ITEMS],
      bytes: this.#words[at + QUEUE_BYTES],
    };
  }

  /** Counts everything anew and tells the allocator which blocks are in use. */
  recount(): void {
    const words = this.#words;
    for (const block of this.all()) {
      const at = block >>> 2;
      this.#parts.arena.keep(block, QUEUE_HEAD + words[at + QUEUE_NAME]);
      words[spaceAt(this.#parts.region, words[at + QUEUE_SPACE]) + SPACE_QUEUES]++;
      words[at + QUEUE_ITEMS] = 0;
      words[at + QUEUE_BYTES] = 0;
      for (let item = words[at + QUEUE_FIRST]; item !== 0; ) {
        const size = this.itemSize(item);
        this.#parts.arena.keep(item, ITEM_HEAD + size);
        this.#account(at, size, 1);
        words[at + QUEUE_LAST] = item;
        item = words[(item >>> 2) + ITEM_NEXT];
      }
    }
  }

  #create(space: number, source: Uint8Array, start: number, end: number): number {
    const { region, arena, limits } = this.#parts;
    const words = this.#words;
    const owned = spaceAt(region, space) + SPACE_QUEUES;
    const most = Math.min(limits.queuesPerVmMax, QUEUES_MAX);
    let place = 0;
    while (place < QUEUES_MAX && words[region.queues + place] !== 0) place++;
    this.refusal = '';
    if (end - start > limits.keyBytesMax) {
      this.refusal = `the name of a queue has at most ${limits.keyBytesMax} bytes`;
    } else if (words[owned] >= most) this.refusal = `a VM id has at most ${most} queues`;
    else if (place === QUEUES_MAX) this.refusal = `a process has at most ${QUEUES_MAX} queues`;
    if (this.refusal !== '') return 0;
    const block = arena.allocate(QUEUE_HEAD + end - start);
    if (block === 0) {
      this.refusal = `the shared memory of the process (${arena.size} bytes) is full`;
      return 0;
    }
    const at = block >>> 2;
    words.fill(0, at, at + QUEUE_HEAD / 4);
    words[at + QUEUE_ID] = this.#nextId(place);
    words[at + QUEUE_SPACE] = space;
    words[at + QUEUE_NAME] = end - start;
    words[at + QUEUE_OWNER] = -1;
    copyBytes(this.#bytes, block + QUEUE_HEAD, source, start, end);
    Atomics.store(words, region.queues + place, block);
    words[owned]++;
    return block;
  }

  /** Positive, leads to the place, and is not soon the id of another queue there. */
  #nextId(place: number): number {
    const made = this.#words[QUEUES_MADE] & 0xfffff;
    this.#words[QUEUES_MADE] = made + 1;
    return made * QUEUES_MAX + place + 1;
  }

  #placeOf(block: number): number {
    return this.#parts.region.queues + ((this.id(block) - 1) & (QUEUES_MAX - 1));
  }

  #whyNot(at: number, size: number): string {
    const { limits } = this.#parts;
    if (size > limits.queueItemBytesMax) {
      return `an item has at most ${limits.queueItemBytesMax} bytes`;
    }
    const itemsMax = Math.min(limits.queueItemsMax, this.itemsMax);
    if (this.#words[at + QUEUE_ITEMS] >= itemsMax) {
      return `a queue has at most ${itemsMax} items (limits.queueItems)`;
    }
    if (this.#words[at + QUEUE_BYTES] + size > limits.queueBytesMax) {
      return `a queue has at most ${limits.queueBytesMax} bytes of items`;
    }
    return '';
  }

  #account(at: number, size: number, by: 1 | -1): void {
    this.#words[at + QUEUE_ITEMS] += by;
    this.#words[at + QUEUE_BYTES] += by * size;
  }
}
