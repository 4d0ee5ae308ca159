import type { SharedMemory } from '../wasm/shared/shared-store.ts';
import { createProcessMemory, processTime, ThreadStore } from '../wasm/shared/shared-store.ts';

/** The main thread is number 0 among those that share data. */
const MAIN = 0;

/**
 * What the workers of a process share, as the main thread keeps it: it holds on to the data of
 * every VM id that is configured, so that no death of a worker loses it, and tidies up after
 * workers that have ended.
 */
export class ProcessShare {
  readonly memory: SharedMemory;
  readonly #store: ThreadStore;

  constructor(workers: number) {
    this.memory = createProcessMemory(threadOf(workers));
    this.#store = openThreadStore(this.memory, MAIN);
  }

  /** What other VM ids had goes with the last VM that still runs under them. */
  hold(vmIds: ReadonlySet<string>): void {
    this.#store.hold(vmIds);
  }

  /** Resolves when a new worker may take the place of the one that has ended. */
  workerEnded(worker: number): Promise<void> {
    return this.#store.forgetThread(threadOf(worker));
  }
}

/** A worker's view of what is shared. */
export function openWorkerStore(memory: SharedMemory, worker: number): ThreadStore {
  return openThreadStore(memory, threadOf(worker));
}

function threadOf(worker: number): number {
  return MAIN + 1 + worker;
}

function openThreadStore(memory: SharedMemory, thread: number): ThreadStore {
  return new ThreadStore(memory, { thread, now: processTime(), defer: setImmediate });
}
