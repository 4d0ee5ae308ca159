import { type Field, fieldFault, framingOf, type HeadFaults, lineFault } from './strict-rules.ts';

/** Something in the bytes that a careful HTTP/1.1 sender never writes. */
export interface Fault {
  /** Short stable name, such as `bare-lf`. */
  readonly code: string;
  /** Offset in the connection's bytes of the line or part at fault. */
  readonly at: number;
  readonly detail: string;
  /** The grammar is broken; nothing after it was read. */
  readonly fatal: boolean;
}

export interface StrictMessage {
  /** Without its CRLF. */
  readonly startLine: string;
  /** As sent: order, case and repetition kept; latin1. */
  readonly fields: readonly Field[];
  readonly framing: 'none' | 'length' | 'chunked' | 'close';
  readonly body: Buffer;
  /** Sizes of the chunks in order; empty unless the framing is `chunked`. */
  readonly chunkSizes: readonly number[];
  readonly trailers: readonly Field[];
  /** The message's own bytes, head to end. */
  readonly raw: Buffer;
}

/** What a reader reads: requests, or responses to requests of these methods (asked one by one). */
export type Direction =
  | { readonly kind: 'request' }
  | { readonly kind: 'response'; readonly nextMethod: () => string };

export interface StrictReaderOptions {
  readonly direction: Direction;
  /** Called when a head is complete and before its body is read. */
  readonly onHead?: (head: {
    readonly startLine: string;
    readonly fields: readonly Field[];
  }) => void;
  readonly onMessage: (message: StrictMessage) => void;
  readonly onFault: (fault: Fault) => void;
}

type Step<T> = Generator<undefined, T, undefined>;

/** Bytes that break the grammar: nothing after them can be read with any certainty. */
class Unreadable extends Error {
  readonly fault: Fault;
  constructor(code: string, at: number, detail: string) {
    super(`${code} at ${at}: ${detail}`);
    this.fault = { code, at, detail, fatal: true };
  }
}

/**
 * Reads HTTP/1.1 messages from a connection's bytes and reports everything that is not canonical.
 * It shares no code and no idea with the product's codec, on purpose: slow, simple, and severe.
 * After bytes that break the grammar it reads no further; what is merely not canonical is reported
 * and read on.
 */
export class StrictReader {
  readonly #options: StrictReaderOptions;
  readonly #run: Step<void>;
  /** Not yet read, from `#base` in the connection's bytes. */
  #bytes: Buffer = Buffer.alloc(0);
  #base = 0;
  #at = 0;
  #ended = false;
  #broken = false;
  #messages = 0;

  constructor(options: StrictReaderOptions) {
    this.#options = options;
    this.#run = this.#readMessages();
    this.#resume();
  }

  push(bytes: Uint8Array): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    this.#resume();
  }

  /** The peer sends no more. A message that is not complete becomes a fault. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#resume();
  }

  /** Stops reading for good, because the connection is now a tunnel; returns the bytes left over. */
  detach(): Buffer {
    this.#broken = true;
    return this.#bytes.subarray(this.#at);
  }

  #resume(): void {
    if (this.#broken) return;
    try {
      if (this.#run.next().done) this.#broken = true;
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      this.#broken = true;
      this.#options.onFault(error.fault);
    }
  }

  *#readMessages(): Step<void> {
    for (;;) {
      while (this.#at === this.#bytes.length) {
        if (this.#ended) return;
        yield;
      }
      const message = yield* this.#readMessage();
      this.#base += this.#at;
      this.#bytes = this.#bytes.subarray(this.#at);
      this.#at = 0;
      this.#messages += 1;
      this.#options.onMessage(message);
      if (this.#broken) return;
    }
  }

  *#readMessage(): Step<StrictMessage> {
    const start = this.#at;
    const at = this.#base + start;
    const report: HeadFaults = (code, detail) =>
      this.#options.onFault({ code, at, detail, fatal: false });
    const startLine = yield* this.#readLine();
    const { direction } = this.#options;
    const badLine = lineFault(startLine, direction.kind);
    if (badLine !== undefined) throw new Unreadable(badLine, at, startLine.slice(0, 80));
    const fields = yield* this.#readFields();
    this.#options.onHead?.({ startLine, fields });
    const method = this.#methodFor(startLine, direction);
    const framing = framingOf({ kind: direction.kind, startLine, method, fields }, report);
    const chunkSizes: number[] = [];
    let body: Buffer = Buffer.alloc(0);
    let trailers: readonly Field[] = [];
    if (framing.kind === 'length') body = yield* this.#readExactly(framing.length);
    if (framing.kind === 'close') body = yield* this.#readToEnd();
    if (framing.kind === 'chunked') {
      body = yield* this.#readChunks(chunkSizes);
      trailers = yield* this.#readFields();
      for (const [name] of trailers) {
        if (/^(content-length|transfer-encoding|host|trailer)$/i.test(name)) {
          report('framing-field-in-trailers', name);
        }
      }
    }
    const raw = this.#bytes.subarray(start, this.#at);
    return { startLine, fields, framing: framing.kind, body, chunkSizes, trailers, raw };
  }

  /** An interim response belongs to a request whose final response is still to come. */
  #methodFor(startLine: string, direction: Direction): string {
    if (direction.kind === 'request') return startLine.split(' ')[0]!;
    return /^HTTP\/1\.1 1(?!01)/.test(startLine) ? 'INTERIM' : direction.nextMethod();
  }

  *#readFields(): Step<Field[]> {
    const fields: Field[] = [];
    for (;;) {
      const at = this.#at;
      const line = yield* this.#readLine();
      if (line === '') return fields;
      const fault = fieldFault(line);
      if (fault !== undefined) throw new Unreadable(fault, this.#base + at, line.slice(0, 80));
      const colon = line.indexOf(':');
      const value = line.slice(colon + 1);
      fields.push([line.slice(0, colon), value.replace(/^ /, '')]);
    }
  }

  *#readChunks(sizes: number[]): Step<Buffer> {
    const parts: Buffer[] = [];
    for (;;) {
      const at = this.#at;
      const line = yield* this.#readLine();
      if (!/^(0|[1-9a-fA-F][0-9a-fA-F]{0,7})$/.test(line)) {
        throw new Unreadable('bad-chunk-size', this.#base + at, JSON.stringify(line.slice(0, 40)));
      }
      const size = Number.parseInt(line, 16);
      if (size === 0) return Buffer.concat(parts);
      sizes.push(size);
      parts.push(yield* this.#readExactly(size));
      const tail = yield* this.#readExactly(2);
      if (tail.toString('latin1') !== '\r\n') {
        throw new Unreadable(
          'bad-chunk-end',
          this.#base + this.#at - 2,
          JSON.stringify(tail.toString('latin1')),
        );
      }
    }
  }

  /** One line ended by CRLF, without it. A lone CR, a lone LF and a NUL are refused. */
  *#readLine(): Step<string> {
    const start = this.#at;
    let seen = start;
    for (;;) {
      const end = this.#bytes.indexOf(10, seen);
      if (end !== -1) {
        const line = this.#bytes.toString('latin1', start, end + 1);
        this.#at = end + 1;
        if (!line.endsWith('\r\n'))
          throw new Unreadable('bare-lf', this.#base + start, JSON.stringify(line));
        const text = line.slice(0, -2);
        if (text.includes('\r'))
          throw new Unreadable('bare-cr', this.#base + start, JSON.stringify(text));
        return text;
      }
      seen = this.#bytes.length;
      yield* this.#more(start);
    }
  }

  *#readExactly(length: number): Step<Buffer> {
    const start = this.#at;
    while (this.#bytes.length - start < length) yield* this.#more(start);
    this.#at = start + length;
    return this.#bytes.subarray(start, this.#at);
  }

  *#readToEnd(): Step<Buffer> {
    while (!this.#ended) yield;
    const start = this.#at;
    this.#at = this.#bytes.length;
    return this.#bytes.subarray(start);
  }

  *#more(at: number): Step<void> {
    if (this.#ended) {
      const left = this.#bytes.length - at;
      throw new Unreadable(
        'cut-short',
        this.#base + at,
        `message ${this.#messages} ends after ${left} bytes of a part`,
      );
    }
    yield;
  }
}
