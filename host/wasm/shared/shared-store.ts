import type { SharedCaps, SharedSpace, SharedStore } from '../effects.ts';
import { DEFAULT_SHARED_DATA_LIMITS, type SharedDataLimits } from '../limits.ts';
import { Arena } from './arena.ts';
import { Guarded } from './guarded.ts';
import {
  createSharedMemory,
  openRegion,
  REPAIRS,
  type SharedMemory,
  SPACES_MAX,
} from './layout.ts';
import { type Defer, QueueReaders } from './queue-readers.ts';
import type { QueueUse } from './queues.ts';
import { removeSpace, removeStep, repair } from './repair.ts';
import { LOCKED, Space } from './space.ts';
import type { SpaceUse } from './spaces.ts';

export type { SharedMemory } from './layout.ts';

export interface SharedStoreOptions {
  /** This thread's number; 0 is the main thread. */
  readonly thread: number;
  readonly now: () => number;
  readonly defer: Defer;
  readonly limits?: SharedDataLimits;
}

export interface SharedUse {
  readonly freeBytes: number;
  /** How often a change was found half done. */
  readonly repairs: number;
  readonly spaces: readonly (SpaceUse & { readonly queues: readonly QueueUse[] })[];
}

interface OpenSpace {
  readonly number: number;
  uses: number;
}

/** What all VM ids together may take. */
const ARENA_BYTES = 64 * 1024 * 1024;
const LOCAL_ARENA_BYTES = 32 * 1024 * 1024;

/** How long one try to free what a dead thread has left may hold up this one. */
const TRY_MS = 10;

/**
 * Shared data and shared queues of a process, as one of its threads sees them. What belongs to a
 * VM id stays until no thread has the id open any more.
 */
export class ThreadStore implements SharedStore {
  readonly #guarded: Guarded;
  readonly #readers: QueueReaders;
  readonly #open = new Map<string, OpenSpace>();
  #held = new Map<string, SharedSpace>();

  constructor(memory: SharedMemory, options: SharedStoreOptions) {
    const { thread, now, defer, limits = DEFAULT_SHARED_DATA_LIMITS } = options;
    this.#guarded = new Guarded(memory, { thread, now, limits });
    this.#readers = new QueueReaders(this.#guarded, defer);
  }

  open(vmId: string, caps?: SharedCaps): SharedSpace {
    const link = { open: () => this.#enter(vmId), close: () => this.#leave(vmId) };
    return new Space(this.#guarded, this.#readers, link, caps);
  }

  /** Keeps what belongs to these VM ids, whoever runs them; lets go of what was kept before. */
  hold(vmIds: ReadonlySet<string>): void {
    const before = this.#held;
    this.#held = new Map([...vmIds].map((vmId) => [vmId, before.get(vmId) ?? this.open(vmId)]));
    for (const [vmId, space] of before) if (!vmIds.has(vmId)) space.close();
  }

  /**
   * After a thread has ended, however: its lock is freed, what it left half done is undone, what
   * only it had open is removed. Never blocks for long; the thread's number may be used again when
   * the promise is kept.
   */
  async forgetThread(thread: number): Promise<void> {
    const { lock } = this.#guarded;
    while (!lock.seize(thread) && !lock.acquire(TRY_MS)) {
      // The holder may be dead too, and this thread has to hear of that first.
      await new Promise((resolve) => setTimeout(resolve, TRY_MS));
    }
    const readers = this.#guarded.finish(() => this.#removeThread(thread));
    for (const reader of readers) this.#readers.ring(reader);
  }

  /** What there is, by VM id; for tests and for whoever looks for what fills it. */
  inspect(): SharedUse {
    const { parts, spaces, queues } = this.#guarded.structures;
    const empty: SharedUse = { freeBytes: 0, repairs: 0, spaces: [] };
    return this.#guarded.run(
      () => ({
        freeBytes: parts.arena.freeBytes,
        repairs: parts.region.words[REPAIRS],
        spaces: spaces.all().map((space) => ({
          ...spaces.use(space),
          queues: queues.all(space).map((block) => queues.use(block)),
        })),
      }),
      empty,
    );
  }

  /** As after a thread that ended in the middle of a change. */
  repair(): void {
    this.#guarded.run(() => repair(this.#guarded.structures), undefined);
  }

  close(): void {
    this.hold(new Set());
    this.#readers.close();
  }

  #removeThread(thread: number): readonly number[] {
    const { structures } = this.#guarded;
    const { queues, spaces } = structures;
    const readers = queues.all().map((block) => {
      queues.unregister(block, thread);
      return queues.toTell(block);
    });
    for (let space = 0; space < SPACES_MAX; space++) {
      spaces.release(space, thread);
      if (spaces.abandoned(space)) removeSpace(structures, space);
    }
    return readers;
  }

  /** The number of the space, or one of those below 0 that say why there is none. */
  #enter(vmId: string): number {
    const known = this.#open.get(vmId);
    if (known !== undefined) {
      known.uses++;
      return known.number;
    }
    const { spaces } = this.#guarded.structures;
    const number = this.#guarded.run(() => spaces.open(Buffer.from(vmId)), LOCKED);
    if (number >= 0) this.#open.set(vmId, { number, uses: 1 });
    return number;
  }

  #leave(vmId: string): void {
    const entry = this.#open.get(vmId);
    if (entry === undefined || --entry.uses > 0) return;
    this.#open.delete(vmId);
    const { number: space } = entry;
    const { structures, parts } = this.#guarded;
    const { spaces } = structures;
    const removal = this.#guarded.run(
      () => (spaces.release(space, parts.thread) ? spaces.doom(space) : 0),
      0,
    );
    let removed = removal === 0;
    for (let step = 0; !removed; step++) {
      removed = this.#guarded.run(() => removeStep(structures, { space, removal, step }), true);
    }
  }
}

/**
 * Memory for a process of so many threads, to be handed to each of them. What is never written
 * takes no memory: an arena of 64 MiB costs nothing as long as nobody shares anything.
 */
export function createProcessMemory(threads: number, arenaBytes = ARENA_BYTES): SharedMemory {
  const [first, second] = crypto.getRandomValues(new Int32Array(2));
  const memory = createSharedMemory(arenaBytes, threads, [first, second]);
  new Arena(openRegion(memory)).format();
  return memory;
}

/** A store that only this thread uses: the canary's, and that of a test. */
export function createLocalStore(
  options: Omit<SharedStoreOptions, 'thread'>,
  arenaBytes = LOCAL_ARENA_BYTES,
): ThreadStore {
  return new ThreadStore(createProcessMemory(1, arenaBytes), { ...options, thread: 0 });
}

/** The thread's `now` on a clock that all threads of the process agree about. */
export function processTime(): () => number {
  const [seconds, nanoseconds] = process.hrtime();
  const began = seconds * 1e3 + nanoseconds / 1e6 - performance.now();
  return () => began + performance.now();
}
