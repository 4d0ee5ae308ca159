import type { MessageWriter, ResetReason } from '../http/codec.ts';
import type { HeaderMap } from '../http/header-map.ts';

/** A message as a test reads it: names in lower case, pseudo-headers included, in order. */
export interface SeenMessage {
  headers: [string, string][];
  body: Buffer;
  trailers: [string, string][];
  informational: [string, string][][];
  ended: boolean;
  reset: ResetReason | null;
}

export function emptyMessage(): SeenMessage {
  return {
    headers: [],
    body: Buffer.alloc(0),
    trailers: [],
    informational: [],
    ended: false,
    reset: null,
  };
}

/** First value of a header of a seen message, or undefined. */
export function headerOf(message: SeenMessage, name: string): string | undefined {
  return message.headers.find(([known]) => known === name)?.[1];
}

/**
 * The end of a codec that writes into memory. `onWritten` is told after each part, which is how the
 * other side of an in-memory connection learns of it. Reads can be paused and show it.
 */
export class MemoryWriter implements MessageWriter {
  readonly seen = emptyMessage();
  readonly wireBytesReceived = 0;
  wireBytesSent = 0;
  readingPaused = false;
  /** What writes answer: false plays a peer that takes no more. */
  writable = true;
  readonly #onWritten: (part: 'head' | 'data' | 'trailers' | 'reset', end: boolean) => void;

  constructor(
    onWritten: (part: 'head' | 'data' | 'trailers' | 'reset', end: boolean) => void = () => {},
  ) {
    this.#onWritten = onWritten;
  }

  writeHead(head: HeaderMap, end: boolean): boolean {
    this.seen.headers = head.toPairs();
    this.seen.ended = end;
    this.#onWritten('head', end);
    return this.writable;
  }

  writeInformational(head: HeaderMap): boolean {
    this.seen.informational.push(head.toPairs());
    return this.writable;
  }

  writeData(chunk: Uint8Array, end: boolean): boolean {
    this.seen.body = Buffer.concat([this.seen.body, chunk]);
    this.wireBytesSent += chunk.length;
    this.seen.ended = end;
    this.#onWritten('data', end);
    return this.writable;
  }

  writeTrailers(trailers: HeaderMap): boolean {
    this.seen.trailers = trailers.toPairs();
    this.seen.ended = true;
    this.#onWritten('trailers', true);
    return this.writable;
  }

  pauseReading(): void {
    this.readingPaused = true;
  }

  resumeReading(): void {
    this.readingPaused = false;
  }

  reset(reason: ResetReason): void {
    this.seen.reset = reason;
    this.#onWritten('reset', true);
  }
}
