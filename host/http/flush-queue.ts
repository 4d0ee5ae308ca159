import type { TurnClock } from '../observe/turn-clock.ts';

/** Something that gathers output and writes it when the turn ends. */
export interface Flushable {
  flush(): void;
}

/** Something that goes on with bytes it has, once its owner's call has returned. */
export interface Resumable {
  resume(): void;
}

/** Size of the buffers that connections gather their output in. */
const BUFFER_BYTES = 20 * 1024;
/** Buffers kept for the next turn. */
const BUFFERS_MAX = 256;

/**
 * Gathers writes of one I/O turn, so that each connection makes one system call. One per worker,
 * handed to all connections: what a client sent is on its way upstream when its turn ends.
 *
 * Whoever handles a socket's event does so `inTurn`; output that is made outside of any turn leaves
 * on the next tick.
 */
export class FlushQueue {
  readonly #clock: TurnClock | null;
  readonly #waiting: Resumable[] = [];
  /** Those from `#next` to `#end` are to be flushed; the places are used again. */
  readonly #dirty: (Flushable | null)[] = [];
  #next = 0;
  #end = 0;
  readonly #buffers: Buffer[] = [];
  #depth = 0;
  #scheduled = false;
  readonly #run = (): void => {
    this.#scheduled = false;
    this.flush();
  };

  /** `clock`, if any, stands still in each turn. */
  constructor(clock: TurnClock | null = null) {
    this.#clock = clock;
  }

  enter(): void {
    if (this.#depth++ === 0) this.#clock?.hold();
  }

  leave(): void {
    if (--this.#depth > 0) return;
    this.flush();
    this.#clock?.release();
  }

  /** Does the work as one turn. */
  inTurn(work: () => void): void {
    this.enter();
    try {
      work();
    } finally {
      this.leave();
    }
  }

  /** Has `flush` called once, at the end of the turn. The caller does not add itself twice. */
  add(item: Flushable): void {
    this.#dirty[this.#end++] = item;
    this.#schedule();
  }

  /**
   * Has `resume` called once, at the end of the turn but before anything is written: what it finds
   * wrong with a message can still keep all of that message from leaving.
   */
  addFirst(item: Resumable): void {
    this.#waiting.push(item);
    this.#schedule();
  }

  /** Does what was added, and what that adds. */
  flush(): void {
    for (;;) {
      const waiting = this.#waiting.pop();
      if (waiting !== undefined) {
        this.#inner(waiting);
        continue;
      }
      if (this.#next === this.#end) break;
      const dirty = this.#dirty[this.#next];
      this.#dirty[this.#next++] = null;
      dirty?.flush();
    }
    this.#next = 0;
    this.#end = 0;
  }

  #inner(item: Resumable): void {
    this.#depth++;
    item.resume();
    this.#depth--;
  }

  #schedule(): void {
    if (this.#depth > 0 || this.#scheduled) return;
    this.#scheduled = true;
    process.nextTick(this.#run);
  }

  /** A buffer to gather output in, of at least `size` bytes. */
  takeBuffer(size: number): Buffer {
    if (size > BUFFER_BYTES) return Buffer.allocUnsafeSlow(size);
    return this.#buffers.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES);
  }

  /** Takes a buffer back that the kernel has read to the end. */
  giveBuffer(buffer: Buffer): void {
    if (buffer.length !== BUFFER_BYTES || this.#buffers.length >= BUFFERS_MAX) return;
    this.#buffers.push(buffer);
  }
}
