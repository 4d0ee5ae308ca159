/** Something that gathers output and writes it when the turn ends. */
export interface Flushable {
  flush(): void;
}

/** Something that goes on with bytes it has, once its owner's call has returned. */
export interface Resumable {
  resume(): void;
}

/** Size of the buffers that connections gather their output in. */
const BUFFER_BYTES = 16 * 1024;
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
  readonly #waiting: Resumable[] = [];
  #dirty: Flushable[] = [];
  #spare: Flushable[] = [];
  readonly #buffers: Buffer[] = [];
  #depth = 0;
  #scheduled = false;
  readonly #run = (): void => {
    this.#scheduled = false;
    this.flush();
  };

  enter(): void {
    this.#depth++;
  }

  leave(): void {
    if (--this.#depth === 0) this.flush();
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
    this.#dirty.push(item);
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
      const item = this.#waiting.pop();
      if (item !== undefined) this.#inner(item);
      else if (this.#dirty.length > 0) this.#flushBatch();
      else return;
    }
  }

  #inner(item: Resumable): void {
    this.#depth++;
    item.resume();
    this.#depth--;
  }

  #flushBatch(): void {
    const batch = this.#dirty;
    this.#dirty = this.#spare;
    this.#spare = [];
    for (const item of batch) item.flush();
    batch.length = 0;
    this.#spare = batch;
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
