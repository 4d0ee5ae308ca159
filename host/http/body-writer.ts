import { NO_BYTES } from '@lateen/sdk/base/bytes';
import { CHUNKED, type Framing, UNFRAMED, writeTrailerFields } from './head-writer.ts';
import type { HeaderMap } from './header-map.ts';
import type { Outbox } from './outbox.ts';
import { CR, LF } from './tokens.ts';
import { writeHex } from './write-bytes.ts';

const LAST_CHUNK = Buffer.from('0\r\n');
const END_OF_CHUNKS = Buffer.from('0\r\n\r\n');
/** Eight hexadecimal digits and CRLF. */
const CHUNK_HEAD_BYTES = 10;

/** The body does not fit the length that its head stated; nothing was written. */
export const WRONG_LENGTH = -1;

type WriterState = 'head' | 'length' | 'chunked' | 'until-close' | 'no-body' | 'ended';

/** Writes one message's body in the framing its head has announced. */
export class BodyWriter {
  #state: WriterState = 'head';
  #left = 0;

  /** No head was written yet. */
  get atHead(): boolean {
    return this.#state === 'head';
  }

  get ended(): boolean {
    return this.#state === 'ended';
  }

  /** The head was written. `noBody`: whatever follows is dropped (answers to HEAD, 304). */
  begin(framing: Framing, end: boolean, noBody: boolean): void {
    if (end) this.#state = 'ended';
    else if (noBody) this.#state = 'no-body';
    else if (framing === CHUNKED) this.#state = 'chunked';
    else if (framing === UNFRAMED) this.#state = 'until-close';
    else {
      this.#state = 'length';
      this.#left = framing;
    }
  }

  /** Writes data; returns how many bytes went out, or WRONG_LENGTH. */
  data(out: Outbox, chunk: Uint8Array, end: boolean): number {
    const sent = this.#data(out, chunk, end);
    if (end && sent !== WRONG_LENGTH) this.#state = 'ended';
    return sent;
  }

  /** Ends the body; trailers go out where the framing can carry them and `map` is not null. */
  trailers(out: Outbox, map: HeaderMap | null): number {
    if (this.#state !== 'chunked' || map === null) return this.data(out, NO_BYTES, true);
    this.#state = 'ended';
    out.write(LAST_CHUNK);
    return LAST_CHUNK.length + writeTrailerFields(out, map);
  }

  #data(out: Outbox, chunk: Uint8Array, end: boolean): number {
    switch (this.#state) {
      case 'length':
        return this.#counted(out, chunk, end);
      case 'chunked':
        return this.#chunk(out, chunk, end);
      case 'until-close':
        if (chunk.length > 0) out.write(chunk);
        return chunk.length;
      default:
        return 0;
    }
  }

  #counted(out: Outbox, chunk: Uint8Array, end: boolean): number {
    if (chunk.length > this.#left || (end && chunk.length < this.#left)) return WRONG_LENGTH;
    this.#left -= chunk.length;
    if (chunk.length > 0) out.write(chunk);
    return chunk.length;
  }

  #chunk(out: Outbox, chunk: Uint8Array, end: boolean): number {
    let sent = 0;
    if (chunk.length > 0) {
      const head = out.reserve(CHUNK_HEAD_BYTES);
      let at = writeHex(head, out.used, chunk.length);
      head[at++] = CR;
      head[at++] = LF;
      sent = at - out.used + chunk.length + 2;
      out.commit(at);
      out.write(chunk);
      const tail = out.reserve(2);
      tail[out.used] = CR;
      tail[out.used + 1] = LF;
      out.commit(out.used + 2);
    }
    if (!end) return sent;
    out.write(END_OF_CHUNKS);
    return sent + END_OF_CHUNKS.length;
  }
}
