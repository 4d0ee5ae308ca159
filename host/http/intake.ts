import type { Socket } from 'node:net';
import { onData } from '../net/socket-reader.ts';
import type { FlushQueue, Resumable } from './flush-queue.ts';

/** Who reads what an intake receives. */
export interface IntakeOwner {
  /** Whether any byte may be read now. */
  reads(): boolean;
  /** Reads on from `chunk[at]`; returns the offset behind what was read. */
  step(chunk: Buffer, at: number): number;
}

/**
 * A connection's input: hands over what was received as far as its owner reads, keeps the rest and
 * pauses the socket, and goes on when it is told to, always at the end of the turn and never inside
 * the call that allowed it.
 */
export class Intake implements Resumable {
  readonly #socket: Socket;
  readonly #queue: FlushQueue;
  readonly #owner: IntakeOwner;
  #rest: Buffer | null = null;
  #restAt = 0;
  #held = false;
  #paused = false;
  #queued = false;
  #stopped = false;

  constructor(socket: Socket, queue: FlushQueue, owner: IntakeOwner) {
    this.#socket = socket;
    this.#queue = queue;
    this.#owner = owner;
    onData(socket, this.#received);
    // Whoever looked at the first bytes may have paused it.
    socket.resume();
  }

  /** Bytes were received that nobody has read yet. */
  get hasRest(): boolean {
    return this.#rest !== null;
  }

  /** Reads nothing until `release`; bytes stay in the kernel. */
  hold(): void {
    if (this.#held) return;
    this.#held = true;
    this.#pause();
  }

  release(): void {
    this.#held = false;
    this.wake();
  }

  /** The owner may read again what it would not read before. */
  wake(): void {
    if (this.#queued || !this.#paused) return;
    this.#queued = true;
    this.#queue.addFirst(this);
  }

  resume(): void {
    this.#queued = false;
    const rest = this.#rest;
    if (rest !== null && this.#reads()) {
      this.#rest = null;
      this.#run(rest, this.#restAt);
    }
    if (this.#rest === null && !this.#held) this.#unpause();
  }

  /** From now on everything is received and dropped. */
  stop(): void {
    this.#stopped = true;
    this.#held = false;
    this.#rest = null;
    if (!this.#socket.destroyed) this.#unpause();
  }

  readonly #received = (chunk: Buffer): void => {
    this.#queue.enter();
    try {
      this.#receive(chunk);
    } finally {
      this.#queue.leave();
    }
  };

  #receive(chunk: Buffer): void {
    if (this.#stopped) return;
    if (this.#rest === null) this.#run(chunk, 0);
    // The socket is paused while a rest is kept; a chunk may still have been on its way.
    else this.#keep(Buffer.concat([this.#rest.subarray(this.#restAt), chunk]), 0);
  }

  #run(chunk: Buffer, from: number): void {
    let at = from;
    while (at < chunk.length && this.#reads()) at = this.#owner.step(chunk, at);
    if (at < chunk.length && !this.#stopped) this.#keep(chunk, at);
  }

  #reads(): boolean {
    return !this.#held && !this.#stopped && this.#owner.reads();
  }

  #keep(chunk: Buffer, from: number): void {
    this.#rest = chunk;
    this.#restAt = from;
    this.#pause();
  }

  #pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  #unpause(): void {
    this.#paused = false;
    this.#socket.resume();
  }
}
