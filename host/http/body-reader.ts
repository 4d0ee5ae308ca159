import type { HttpErrorCode } from './errors.ts';
import { FAILED } from './head-facts.ts';
import { CR, HEX, LF, VALUE } from './tokens.ts';

/** One chunk may announce no more than this; nobody is made to wait for 2 GiB. */
const CHUNK_BYTES_MAX = 0x7fff_ffff;
/** Hexadecimal digits of a chunk size, leading zeros included. */
const SIZE_DIGITS_MAX = 16;
/** All chunk extensions of one message together (CVE-2023-39326). */
export const CHUNK_EXTENSION_BYTES_MAX = 16 * 1024;

const SEMICOLON = 0x3b;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

type BodyState =
  | 'ended'
  | 'until-close'
  | 'length'
  | 'size'
  | 'extension'
  | 'quoted'
  | 'escaped'
  | 'size-lf'
  | 'data'
  | 'data-cr'
  | 'data-lf'
  /** The last chunk was read; what follows is a trailer section. */
  | 'trailers';

/**
 * Cuts a body out of received bytes (RFC 9112 6 and 7). `read` leaves at most one piece of body per
 * call in [pieceStart, pieceEnd): the data of several chunks is moved together inside the received
 * buffer, so that a peer's small chunks cost one delivery.
 */
export class BodyReader {
  pieceStart = 0;
  pieceEnd = 0;
  /** Why `read` said FAILED. */
  error: HttpErrorCode = 'bad-chunk';
  #state: BodyState = 'ended';
  #left = 0;
  #digits = 0;
  #extensionBytes = 0;

  /** `length` < 0: chunked, or until the connection closes. */
  begin(length: number, chunked: boolean): void {
    this.#left = 0;
    this.#digits = 0;
    this.#extensionBytes = 0;
    this.error = 'bad-chunk';
    if (chunked) {
      this.#state = 'size';
    } else if (length < 0) {
      this.#state = 'until-close';
    } else {
      this.#left = length;
      this.#state = length === 0 ? 'ended' : 'length';
    }
  }

  /** The whole body was read; nothing follows. */
  get ended(): boolean {
    return this.#state === 'ended';
  }

  /** The last chunk was read: a trailer section follows, an empty one at least. */
  get atTrailers(): boolean {
    return this.#state === 'trailers';
  }

  /** The end of the connection is the end of this body. */
  get untilClose(): boolean {
    return this.#state === 'until-close';
  }

  /** How many bytes are still to come, as far as is known: Infinity for a chunked body. */
  get left(): number {
    if (this.#state === 'length') return this.#left;
    return this.#state === 'ended' ? 0 : Number.POSITIVE_INFINITY;
  }

  /** The last piece was delivered; what follows is no data. */
  forgetPiece(): void {
    this.pieceEnd = this.pieceStart;
  }

  finishTrailers(): void {
    this.#state = 'ended';
  }

  /** Reads on from `chunk[from]`; returns the offset behind what was read, or FAILED. */
  read(chunk: Buffer, from: number): number {
    this.pieceStart = from;
    this.pieceEnd = from;
    if (this.#state === 'until-close') {
      this.pieceEnd = chunk.length;
      return chunk.length;
    }
    if (this.#state === 'length') {
      const size = Math.min(this.#left, chunk.length - from);
      this.#left -= size;
      if (this.#left === 0) this.#state = 'ended';
      this.pieceEnd = from + size;
      return this.pieceEnd;
    }
    return this.#readChunks(chunk, from);
  }

  #readChunks(chunk: Buffer, from: number): number {
    let at = from;
    while (at < chunk.length) {
      if (this.#state === 'data') {
        at = this.#takeData(chunk, at);
      } else if (this.#state === 'trailers' || this.#state === 'ended') {
        return at;
      } else if (!this.#step(chunk[at])) {
        return FAILED;
      } else {
        at++;
      }
    }
    return at;
  }

  #takeData(chunk: Buffer, at: number): number {
    const size = Math.min(this.#left, chunk.length - at);
    if (this.pieceEnd === this.pieceStart) {
      this.pieceStart = at;
      this.pieceEnd = at + size;
    } else {
      chunk.copyWithin(this.pieceEnd, at, at + size);
      this.pieceEnd += size;
    }
    this.#left -= size;
    if (this.#left === 0) this.#state = 'data-cr';
    return at + size;
  }

  /** One byte of what stands around the data. */
  #step(c: number): boolean {
    switch (this.#state) {
      case 'size':
        return this.#size(c);
      case 'extension':
      case 'quoted':
      case 'escaped':
        return this.#extension(c);
      case 'size-lf':
        if (c !== LF) return false;
        this.#state = this.#left === 0 ? 'trailers' : 'data';
        this.#digits = 0;
        return true;
      case 'data-cr':
        this.#state = 'data-lf';
        return c === CR;
      default:
        this.#state = 'size';
        return c === LF;
    }
  }

  #size(c: number): boolean {
    const digit = HEX[c] - 1;
    if (digit >= 0) {
      this.#left = this.#left * 16 + digit;
      if (this.#left > CHUNK_BYTES_MAX) return this.#fail('chunk-too-large');
      return ++this.#digits <= SIZE_DIGITS_MAX;
    }
    if (this.#digits === 0) return false;
    if (c === CR) this.#state = 'size-lf';
    else if (c === SEMICOLON) this.#state = 'extension';
    else return false;
    return true;
  }

  /** RFC 9112 7.1.1; read for its grammar only. A line break inside quotes is none of ours. */
  #extension(c: number): boolean {
    if (++this.#extensionBytes > CHUNK_EXTENSION_BYTES_MAX) {
      return this.#fail('chunk-extensions-too-large');
    }
    if (c === CR && this.#state === 'extension') {
      this.#state = 'size-lf';
      return true;
    }
    if (VALUE[c] === 0) return false;
    if (this.#state === 'escaped') this.#state = 'quoted';
    else if (this.#state === 'quoted' && c === BACKSLASH) this.#state = 'escaped';
    else if (c === QUOTE) this.#state = this.#state === 'quoted' ? 'extension' : 'quoted';
    return true;
  }

  #fail(error: HttpErrorCode): boolean {
    this.error = error;
    return false;
  }
}
