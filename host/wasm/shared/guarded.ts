import { Entries } from './entries.ts';
import { type SharedMemory, TORN } from './layout.ts';
import { openParts, type SharedParts } from './parts.ts';
import { Queues } from './queues.ts';
import { repair, type Structures } from './repair.ts';
import { SharedLock } from './shared-lock.ts';
import { Spaces } from './spaces.ts';

export type GuardedOptions = Pick<SharedParts, 'limits' | 'now' | 'thread'>;

/** Bytes that a call under the lock has copied out; they are the next call's to overwrite. */
export class Answer {
  bytes = new Uint8Array(256);
  size = 0;

  /** Room for so many bytes; what was in it is kept where `keep` says how much. */
  fit(size: number, keep = 0): Uint8Array {
    if (this.bytes.length < size) {
      const larger = new Uint8Array(1 << (32 - Math.clz32(size)));
      if (keep > 0) larger.set(this.bytes.subarray(0, keep));
      this.bytes = larger;
    }
    this.size = size;
    return this.bytes;
  }

  take(source: Uint8Array, start: number, size: number): void {
    const target = this.fit(size);
    if (size > 64) target.set(source.subarray(start, start + size));
    else for (let i = 0; i < size; i++) target[i] = source[start + i];
  }
}

/** A thread's way into the shared memory: its structures, and the lock around each use. */
export class Guarded {
  readonly parts: SharedParts;
  readonly structures: Structures;
  readonly lock: SharedLock;
  readonly answer = new Answer();

  constructor(memory: SharedMemory, options: GuardedOptions) {
    const parts = openParts(memory, options);
    this.parts = parts;
    this.lock = new SharedLock(parts.region, options.thread);
    this.structures = {
      parts,
      spaces: new Spaces(parts),
      entries: new Entries(parts),
      queues: new Queues(parts),
    };
  }

  /** Runs `work` under the lock; `otherwise` where the lock cannot be had. */
  run<T>(work: () => T, otherwise: T): T {
    return this.lock.acquire() ? this.finish(work) : otherwise;
  }

  /** Runs `work` and lets go of the lock, which this thread has. */
  finish<T>(work: () => T): T {
    let finished = false;
    try {
      if (this.parts.region.words[TORN] !== 0) repair(this.structures);
      const result = work();
      finished = true;
      return result;
    } finally {
      this.lock.release(finished);
    }
  }
}
