import type { Socket } from 'node:net';
import type { Flushable, FlushQueue } from './flush-queue.ts';
import { copyBytes } from './write-bytes.ts';

/** Chunks up to this size are copied behind what is gathered; longer ones are sent as they are. */
const COPY_BYTES_MAX = 16 * 1024;
/** More gathered output than this leaves at once, whatever the turn. */
const GATHERED_BYTES_MAX = 64 * 1024;
const NO_BUFFER = Buffer.alloc(0);

/**
 * A connection's output: gathers what is written in one turn and hands it to the socket in one
 * write. `writable` turns false above the high watermark; `onWritable` is called when the peer has
 * taken so much that writing makes sense again.
 */
export class Outbox implements Flushable {
  readonly #socket: Socket;
  readonly #queue: FlushQueue;
  readonly #bufferBytesMax: number;
  readonly #onWritable: () => void;
  #buffer: Buffer = NO_BUFFER;
  #used = 0;
  /** Full buffers and large chunks that stand before `#buffer`. */
  #parts: Uint8Array[] = [];
  #partBytes = 0;
  /** The buffers among `#parts`, which may serve again. */
  #sealed: Buffer[] = [];
  #queued = false;
  #above = false;
  #ending = false;

  constructor(socket: Socket, queue: FlushQueue, bufferBytesMax: number, onWritable: () => void) {
    this.#socket = socket;
    this.#queue = queue;
    this.#bufferBytesMax = bufferBytesMax;
    this.#onWritable = onWritable;
    socket.on('drain', () => this.#drained());
  }

  /** Bytes that were given to the socket since the connection began. */
  givenBytes = 0;

  /** Bytes that wait here, not yet given to the socket. */
  get gatheredBytes(): number {
    return this.#partBytes + this.#used;
  }

  /** False above the high watermark; then `onWritable` will be called. */
  get writable(): boolean {
    if (this.gatheredBytes + this.#socket.writableLength <= this.#bufferBytesMax) return true;
    this.#above = true;
    return false;
  }

  /** A buffer with room for `size` bytes from `used` on; `commit` says how far it was filled. */
  reserve(size: number): Buffer {
    if (this.#used + size > this.#buffer.length) {
      if (this.#used > 0) this.#seal();
      this.#buffer = this.#queue.takeBuffer(size);
    }
    return this.#buffer;
  }

  get used(): number {
    return this.#used;
  }

  commit(used: number): void {
    this.#used = used;
    this.#mark();
  }

  /** Appends bytes; a large chunk must not be changed afterwards. */
  write(chunk: Uint8Array): void {
    if (chunk.length > COPY_BYTES_MAX) {
      if (this.#used > 0) this.#seal();
      this.#parts.push(chunk);
      this.#partBytes += chunk.length;
      this.#mark();
    } else {
      const buffer = this.reserve(chunk.length);
      this.commit(copyBytes(buffer, this.#used, chunk, 0, chunk.length));
    }
    if (this.gatheredBytes > GATHERED_BYTES_MAX) this.flush();
  }

  /** Forgets what was gathered and not yet given to the socket. */
  discard(): void {
    this.#parts = [];
    this.#partBytes = 0;
    this.#sealed = [];
    this.#used = 0;
  }

  /** Writes the rest, then FIN. */
  end(): void {
    this.#ending = true;
    this.#mark();
  }

  flush(): void {
    this.#queued = false;
    const socket = this.#socket;
    if (socket.destroyed) {
      this.discard();
      return;
    }
    if (this.#parts.length > 0) this.#writeParts();
    else if (this.#used > 0) this.#writeBuffer();
    if (this.#ending) socket.end();
    else if (this.#above) this.#drained();
  }

  #mark(): void {
    if (this.#queued) return;
    this.#queued = true;
    this.#queue.add(this);
  }

  #seal(): void {
    this.#parts.push(this.#buffer.subarray(0, this.#used));
    this.#sealed.push(this.#buffer);
    this.#partBytes += this.#used;
    this.#buffer = NO_BUFFER;
    this.#used = 0;
  }

  #writeBuffer(): void {
    const buffer = this.#buffer;
    this.givenBytes += this.#used;
    this.#socket.write(buffer.subarray(0, this.#used));
    this.#used = 0;
    this.#buffer = NO_BUFFER;
    if (this.#socket.writableLength === 0) this.#queue.giveBuffer(buffer);
  }

  #writeParts(): void {
    if (this.#used > 0) this.#seal();
    const parts = this.#parts;
    const sealed = this.#sealed;
    this.givenBytes += this.#partBytes;
    this.#parts = [];
    this.#partBytes = 0;
    this.#sealed = [];
    this.#socket.cork();
    for (const part of parts) this.#socket.write(part);
    this.#socket.uncork();
    this.#reuse(sealed);
  }

  /** If nothing waits in the socket, the kernel has read the buffers: they may serve again. */
  #reuse(buffers: readonly Buffer[]): void {
    if (this.#socket.writableLength > 0) return;
    for (const buffer of buffers) this.#queue.giveBuffer(buffer);
  }

  #drained(): void {
    if (!this.#above || this.#socket.destroyed) return;
    if (this.gatheredBytes + this.#socket.writableLength > this.#bufferBytesMax / 2) return;
    this.#above = false;
    this.#onWritable();
  }
}
