import assert from 'node:assert/strict';
import { LOCK, type Region, TORN } from './layout.ts';

const HOLDER = 0xffff;
/** Somebody sleeps: who lets go has to wake one. */
const WAITED_FOR = 1 << 16;

/** Tries before a thread sleeps; the lock is held for a fraction of a microsecond as a rule. */
const SPINS = 100;

/**
 * How long a thread waits at most. Whoever holds the lock that long is stopped or dead; a dead
 * thread's lock is freed by the main thread as soon as it hears of the death.
 */
const PATIENCE_MS = 1_000;
const NAP_MS = 50;

/** The one lock of the shared memory. It knows its holder, so that a dead one's can be freed. */
export class SharedLock {
  readonly #words: Int32Array;
  readonly #me: number;

  constructor(region: Region, thread: number) {
    this.#words = region.words;
    this.#me = thread + 1;
  }

  /** False where the lock could not be had in time. */
  acquire(patienceMs = PATIENCE_MS): boolean {
    if (Atomics.compareExchange(this.#words, LOCK, 0, this.#me) === 0) return true;
    return this.#wait(patienceMs);
  }

  /** `finished` false: what the lock guards is to be repaired by whoever holds it next. */
  release(finished: boolean): void {
    if (!finished) Atomics.store(this.#words, TORN, 1);
    const before = Atomics.exchange(this.#words, LOCK, 0);
    if ((before & WAITED_FOR) !== 0) Atomics.notify(this.#words, LOCK, 1);
  }

  /** Takes the lock over from a thread that has ended; false where that one does not hold it. */
  seize(thread: number): boolean {
    let seen = Atomics.load(this.#words, LOCK);
    if ((seen & HOLDER) !== thread + 1) return false;
    Atomics.store(this.#words, TORN, 1);
    const mine = this.#me | WAITED_FOR;
    // Nobody but its holder lets go; only the other bit may come meanwhile.
    while (Atomics.compareExchange(this.#words, LOCK, seen, mine) !== seen) {
      seen = Atomics.load(this.#words, LOCK);
    }
    return true;
  }

  #wait(patienceMs: number): boolean {
    const words = this.#words;
    for (let spin = 0; spin < SPINS; spin++) {
      const seen = Atomics.load(words, LOCK);
      assert((seen & HOLDER) !== this.#me, 'a thread takes the lock of shared data twice');
      if (seen === 0 && Atomics.compareExchange(words, LOCK, 0, this.#me) === 0) return true;
    }
    const deadline = performance.now() + patienceMs;
    do {
      const seen = Atomics.load(words, LOCK);
      if (seen === 0) {
        // There may be other sleepers: they are woken one after the other.
        const mine = this.#me | WAITED_FOR;
        if (Atomics.compareExchange(words, LOCK, 0, mine) === 0) return true;
        continue;
      }
      const waited = seen | WAITED_FOR;
      if (Atomics.compareExchange(words, LOCK, seen, waited) !== seen) continue;
      Atomics.wait(words, LOCK, waited, Math.min(NAP_MS, patienceMs));
    } while (performance.now() < deadline);
    return false;
  }
}
