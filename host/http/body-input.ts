import { BodyReader } from './body-reader.ts';
import type { MessageReceiver } from './codec.ts';
import type { HttpErrorCode } from './errors.ts';
import type { H1Options } from './h1-options.ts';
import { FAILED, INCOMPLETE } from './head-facts.ts';
import { HeadParser } from './head-parser.ts';
import type { HeaderMap } from './header-map.ts';

/** A message's body and its trailer section, as they are received; one object per connection. */
export class BodyInput {
  /** Why `read` said FAILED. */
  error: HttpErrorCode = 'bad-chunk';
  readonly #options: H1Options;
  readonly #reader = new BodyReader();
  #parser: HeadParser | null = null;
  #trailers: HeaderMap | null = null;
  #chunk: Buffer | null = null;

  constructor(options: H1Options) {
    this.#options = options;
  }

  /** `length` < 0 and not chunked: until the connection closes. */
  begin(length: number, chunked: boolean): void {
    this.#reader.begin(length, chunked);
    this.#trailers = null;
    this.#chunk = null;
  }

  get ended(): boolean {
    return this.#reader.ended;
  }

  get untilClose(): boolean {
    return this.#reader.untilClose;
  }

  /** Bytes still to come; Infinity where nobody knows. */
  get left(): number {
    return this.#reader.left;
  }

  /**
   * Reads on from `chunk[from]`: returns the offset behind what was read, or FAILED. What was read
   * is handed over by `deliver`.
   */
  read(chunk: Buffer, from: number): number {
    let at = from;
    this.#chunk = chunk;
    if (!this.#reader.atTrailers) {
      at = this.#reader.read(chunk, from);
      if (at === FAILED) return this.#fail(this.#reader.error);
      if (!this.#reader.atTrailers) return at;
      this.#beginTrailers();
    } else {
      this.#reader.forgetPiece();
    }
    return at < chunk.length ? this.#readTrailers(chunk, at) : at;
  }

  /** Tells the receiver what the last `read` has brought, and the end where it was reached. */
  deliver(receiver: MessageReceiver): void {
    const { pieceStart, pieceEnd, ended } = this.#reader;
    const trailers = ended ? this.#trailers : null;
    const chunk = this.#chunk;
    this.#chunk = null;
    if (chunk !== null && (pieceEnd > pieceStart || (ended && trailers === null))) {
      receiver.onData(chunk.subarray(pieceStart, pieceEnd), ended && trailers === null);
    }
    if (trailers !== null) receiver.onTrailers(trailers);
  }

  #beginTrailers(): void {
    const { maps, limits } = this.#options;
    this.#trailers = maps.take(limits);
    this.#parser ??= new HeadParser('trailers', this.#trailers);
    this.#parser.begin(this.#trailers);
  }

  #readTrailers(chunk: Buffer, from: number): number {
    const parser = this.#parser;
    const trailers = this.#trailers;
    if (parser === null || trailers === null) return FAILED;
    const at = parser.feed(chunk, from);
    if (at === FAILED) {
      return this.#fail(parser.error === 'bad-header' ? 'bad-trailer' : parser.error);
    }
    if (at === INCOMPLETE) return chunk.length;
    this.#reader.finishTrailers();
    if (!this.#options.trailers || trailers.count === 0) {
      this.#options.maps.give(trailers);
      this.#trailers = null;
    }
    return at;
  }

  #fail(error: HttpErrorCode): typeof FAILED {
    this.error = error;
    return FAILED;
  }
}
