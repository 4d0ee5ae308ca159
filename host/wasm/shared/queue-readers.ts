import type { QueueReader } from '../effects.ts';
import type { Guarded } from './guarded.ts';

/** How often one round tells the readers of a queue; others have their turn then. */
const TOLD_PER_ROUND = 64;

/** Runs a callback soon, when nothing of a guest runs. */
export type Defer = (callback: () => void) => void;

/**
 * Who reads queues in this thread, and how they hear of items: a thread that adds an item rings
 * the doorbell of the thread whose reader registered last; that one tells its reader once per
 * item, on its own event loop and never inside another callback. When a reader goes, the one
 * before it in this thread takes its place, else one in another thread; when there is none, the
 * next to register is told of what nobody has been told of.
 */
export class QueueReaders {
  readonly #guarded: Guarded;
  readonly #defer: Defer;
  /** By queue, the reader that is told last. */
  readonly #readers = new Map<number, QueueReader[]>();
  #scheduled = false;
  #listening = false;
  #closed = false;

  constructor(guarded: Guarded, defer: Defer) {
    this.#guarded = guarded;
    this.#defer = defer;
  }

  add(id: number, reader: QueueReader): void {
    const others = (this.#readers.get(id) ?? []).filter((known) => known !== reader);
    this.#readers.set(id, [...others, reader]);
    void this.#listen();
    this.#schedule();
  }

  remove(reader: QueueReader): void {
    for (const [id, readers] of this.#readers) {
      if (!readers.includes(reader)) continue;
      const rest = readers.filter((known) => known !== reader);
      if (rest.length > 0) this.#readers.set(id, rest);
      else this.#leave(id);
    }
  }

  /** Tells a thread that there is something for its readers; -1 is none. */
  ring(thread: number): void {
    if (thread < 0) return;
    const { region, thread: me } = this.#guarded.parts;
    if (thread === me) {
      this.#schedule();
      return;
    }
    Atomics.add(region.words, region.bells + thread, 1);
    Atomics.notify(region.words, region.bells + thread);
  }

  close(): void {
    this.#closed = true;
    this.#readers.clear();
    const { region, thread } = this.#guarded.parts;
    Atomics.add(region.words, region.bells + thread, 1);
    Atomics.notify(region.words, region.bells + thread);
  }

  #leave(id: number): void {
    this.#readers.delete(id);
    const { queues, parts } = this.#guarded.structures;
    const next = this.#guarded.run(() => {
      const block = queues.byId(id);
      if (block === 0) return -1;
      queues.unregister(block, parts.thread);
      return queues.toTell(block);
    }, -1);
    this.ring(next);
  }

  /** Waits for the doorbell as long as somebody here reads. */
  async #listen(): Promise<void> {
    if (this.#listening) return;
    this.#listening = true;
    const { words, bells } = this.#guarded.parts.region;
    const bell = bells + this.#guarded.parts.thread;
    let heard = Atomics.load(words, bell);
    while (!this.#closed) {
      const waiting = Atomics.waitAsync(words, bell, heard);
      if (waiting.async) await waiting.value;
      heard = Atomics.load(words, bell);
      this.#schedule();
    }
  }

  #schedule(): void {
    if (this.#scheduled || this.#closed) return;
    this.#scheduled = true;
    this.#defer(() => {
      this.#scheduled = false;
      this.#tell();
    });
  }

  #tell(): void {
    let more = false;
    for (const id of [...this.#readers.keys()]) {
      const count = this.#take(id);
      more ||= count === TOLD_PER_ROUND;
      for (let told = 0; told < count; told++) {
        const reader = this.#readers.get(id)?.at(-1);
        if (reader?.queueReady(id) === true) continue;
        this.#giveBack(id, count - told);
        break;
      }
    }
    if (more) this.#schedule();
  }

  #take(id: number): number {
    const { queues } = this.#guarded.structures;
    return this.#guarded.run(() => {
      const block = queues.byId(id);
      return block === 0 ? 0 : queues.takeUntold(block, TOLD_PER_ROUND);
    }, 0);
  }

  /** The reader went while it was told: another one hears of the rest. */
  #giveBack(id: number, count: number): void {
    const { queues } = this.#guarded.structures;
    const next = this.#guarded.run(() => {
      const block = queues.byId(id);
      if (block === 0) return -1;
      queues.giveUntold(block, count);
      return queues.toTell(block);
    }, -1);
    this.ring(next);
  }
}
