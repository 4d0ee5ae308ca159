import { close, constants, fstatSync, openSync, write, writeSync } from 'node:fs';

/** What a sink counts; `dropped` are records that did not fit, `failed` are failed writes. */
export interface SinkCounters {
  readonly written: () => void;
  readonly failed: () => void;
  readonly dropped: () => void;
}

const FLUSH_BYTES = 64 * 1024;
const PENDING_BYTES_MAX = 4 * 1024 * 1024;
/** POSIX: a write of at most this many bytes to a pipe is never mixed with another's. */
const PIPE_WRITE_MAX = 4096;
const NEWLINE = 10;

/**
 * One append-only file, pipe or terminal. Records are copied into a buffer that is written when it
 * is large enough or when `flush` is called; the write runs beside the event loop, one at a time,
 * so a full pipe or a slow disk costs records (counted), never time. Several threads may append to
 * the same file: every write ends with a record.
 */
export class FileSink {
  readonly path: string;
  readonly #counters: SinkCounters;
  #fd: number;
  #isFile: boolean;
  #filling: Buffer = Buffer.allocUnsafe(FLUSH_BYTES);
  #filled = 0;
  #queue: Buffer[] = [];
  #queuedBytes = 0;
  /** The descriptor that a write under way uses. */
  #writingTo: number | undefined;
  #closed = false;

  /** Throws where the file cannot be opened. */
  constructor(path: string, counters: SinkCounters) {
    this.path = path;
    this.#counters = counters;
    this.#fd = openSink(path);
    this.#isFile = fstatSync(this.#fd).isFile();
  }

  /** Copies the bytes; false where too much is waiting and they were dropped. */
  append(source: Uint8Array, start: number, end: number): boolean {
    const size = end - start;
    if (this.#closed || this.#queuedBytes + this.#filled + size > PENDING_BYTES_MAX) {
      this.#counters.dropped();
      return false;
    }
    if (this.#filled + size > this.#filling.length) {
      this.#enqueue();
      if (size > FLUSH_BYTES) this.#filling = Buffer.allocUnsafe(size);
    }
    this.#filling.set(source.subarray(start, end), this.#filled);
    this.#filled += size;
    if (this.#filled >= FLUSH_BYTES) this.flush();
    return true;
  }

  /** Starts to write what is buffered. */
  flush(): void {
    this.#enqueue();
    this.#writeNext();
  }

  /** Opens the path again, after a log was rotated away; what waits goes to the new file. */
  reopen(): void {
    if (this.#closed || STANDARD.has(this.path)) return;
    try {
      const fd = openSink(this.path);
      this.#release(this.#fd);
      this.#fd = fd;
      this.#isFile = fstatSync(fd).isFile();
    } catch {
      this.#counters.failed();
    }
  }

  /** Writes what is buffered, waiting for it, and closes the file. */
  close(): void {
    if (this.#closed) return;
    this.#enqueue();
    this.#closed = true;
    // A write that is under way ends by itself; the rest must not wait for a loop that is ending.
    for (const chunk of this.#queue) this.#writeSync(chunk);
    this.#queue = [];
    this.#release(this.#fd);
  }

  #enqueue(): void {
    if (this.#filled === 0) return;
    this.#queue.push(this.#filling.subarray(0, this.#filled));
    this.#queuedBytes += this.#filled;
    this.#filling = Buffer.allocUnsafe(FLUSH_BYTES);
    this.#filled = 0;
  }

  #writeNext(): void {
    if (this.#writingTo !== undefined) return;
    const chunk = this.#queue.shift();
    if (chunk === undefined) return;
    const fd = this.#fd;
    this.#writingTo = fd;
    write(fd, chunk, 0, this.#writeSize(chunk), null, (error, written) => {
      this.#writingTo = undefined;
      if (fd !== this.#fd || this.#closed) this.#release(fd);
      // The pipe's reader is slow: the next flush tries again.
      const full = error?.code === 'EAGAIN';
      if (error === null) this.#counters.written();
      else if (!full) this.#counters.failed();
      const done = error === null ? written : full ? 0 : chunk.length;
      this.#queuedBytes -= done;
      if (done < chunk.length) this.#queue.unshift(chunk.subarray(done));
      if (!full && !this.#closed) this.#writeNext();
    });
  }

  /** A pipe gets whole records of at most what it takes in one piece. */
  #writeSize(chunk: Buffer): number {
    if (this.#isFile || chunk.length <= PIPE_WRITE_MAX) return chunk.length;
    const end = chunk.lastIndexOf(NEWLINE, PIPE_WRITE_MAX - 1);
    if (end >= 0) return end + 1;
    const next = chunk.indexOf(NEWLINE, PIPE_WRITE_MAX);
    return next < 0 ? chunk.length : next + 1;
  }

  /** Closes a descriptor that is neither standard nor in use by a write. */
  #release(fd: number): void {
    if (fd > 2 && fd !== this.#writingTo) close(fd, () => {});
  }

  #writeSync(chunk: Buffer): void {
    // A pipe that nobody reads answers EAGAIN: what does not fit is lost, the process ends.
    try {
      for (let at = 0; at < chunk.length; ) at += writeSync(this.#fd, chunk, at);
    } catch {
      this.#counters.failed();
    }
  }
}

const STANDARD: ReadonlyMap<string, number> = new Map([
  ['/dev/stdout', 1],
  ['/dev/stderr', 2],
]);

/**
 * Opens for appending, and never waits: a pipe without a reader is an error. Standard output is
 * used as it is where it is a file (it shares its position with others) or a socket; a pipe or a
 * terminal is opened anew, so that not waiting is ours alone.
 */
function openSink(path: string): number {
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;
  const standard = STANDARD.get(path);
  if (standard === undefined) return openSync(path, flags, 0o644);
  const kind = fstatSync(standard);
  if (kind.isFile() || kind.isSocket()) return standard;
  try {
    return openSync(`/proc/self/fd/${standard}`, flags);
  } catch {
    return standard;
  }
}
