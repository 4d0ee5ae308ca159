import type { HttpErrorCode } from './errors.ts';
import {
  FAILED,
  finishHead,
  type HeadFacts,
  type HeadKind,
  INCOMPLETE,
  newFacts,
  resetFacts,
  takeKnownField,
} from './head-facts.ts';
import type { HeaderMap } from './header-map.ts';
import { knownField } from './known-fields.ts';
import { parseRequestLine } from './request-line.ts';
import { parseStatusLine } from './status-line.ts';
import { COLON, CR, HTAB, LF, SP, TOKEN, VALUE } from './tokens.ts';

const HELD_BYTES_MIN = 1024;
const NO_BYTES = Buffer.alloc(0);

/**
 * Parses heads (RFC 9112 2 to 5) into header maps, strictly, over the bytes as received. A head
 * that lies in one chunk is parsed where it lies; one that comes in pieces is gathered in a buffer
 * of its own and no byte of it is looked at more than three times.
 *
 * Control characters and bare line breaks are refused as soon as they are seen, not at the end of a
 * line that may never come.
 */
export class HeadParser {
  readonly facts: HeadFacts = newFacts();
  /** Why `feed` said FAILED. */
  error: HttpErrorCode = 'bad-header';
  /** Length of the last complete head, with its empty line. */
  headBytes = 0;
  readonly #kind: HeadKind;
  #map: HeaderMap;
  #held: Buffer = NO_BYTES;
  #heldBytes = 0;
  #inStartLine = true;
  #line = 0;
  #scanned = 0;
  #skippedBlank = false;
  #fieldCount = 0;

  constructor(kind: HeadKind, map: HeaderMap) {
    this.#kind = kind;
    this.#map = map;
  }

  /** Starts a new head, which goes into `map`. */
  begin(map: HeaderMap): void {
    this.#map = map;
    resetFacts(this.facts);
    this.#held = NO_BYTES;
    this.#heldBytes = 0;
    this.#inStartLine = this.#kind !== 'trailers';
    this.#line = 0;
    this.#scanned = 0;
    this.#skippedBlank = false;
    this.#fieldCount = 0;
  }

  /** True between `begin` and the first byte. */
  get untouched(): boolean {
    return this.#heldBytes === 0;
  }

  /** Bytes of the unfinished head so far. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /**
   * Goes on with `chunk[from..]`. Returns the offset in `chunk` behind the head, INCOMPLETE (the
   * chunk's bytes are kept) or FAILED. The chunk's names are lower-cased in place.
   */
  feed(chunk: Buffer, from: number): number {
    const before = this.#heldBytes;
    if (before > 0) this.#hold(chunk, from);
    const data = before > 0 ? this.#held : from === 0 ? chunk : chunk.subarray(from);
    const end = before > 0 ? this.#heldBytes : data.length;
    this.#map.attach(data);
    const at = this.#lines(data, end);
    if (at === FAILED) return FAILED;
    if ((at === INCOMPLETE ? end : at) > this.#map.limits.headerBytesMax) return this.#tooLarge();
    if (at === INCOMPLETE) {
      if (before === 0) this.#hold(data, 0);
      return INCOMPLETE;
    }
    if (!finishHead(this.facts, this.#map, this.#kind, data)) return this.#fail(this.facts.error);
    this.headBytes = at;
    return from + at - before;
  }

  /** Appends to the held bytes, at most one byte more than a head may have. */
  #hold(chunk: Buffer, from: number): void {
    const room = this.#map.limits.headerBytesMax + 1 - this.#heldBytes;
    const size = Math.min(chunk.length - from, room);
    const needed = this.#heldBytes + size;
    if (needed > this.#held.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(HELD_BYTES_MIN, 2 * needed));
      this.#held.copy(larger, 0, 0, this.#heldBytes);
      this.#held = larger;
    }
    chunk.copy(this.#held, this.#heldBytes, from, from + size);
    this.#heldBytes = needed;
    this.#map.attach(this.#held);
  }

  #lines(data: Buffer, end: number): number {
    if (this.#scanned > this.#line) {
      const lineEnd = data.indexOf(LF, this.#scanned);
      if (lineEnd < 0 || lineEnd >= end) return this.#partial(data, end);
    }
    if (this.#inStartLine) {
      const at = this.#startLine(data, end);
      if (at < 0) return at;
    }
    return this.#fields(data, end);
  }

  /** Notes that the line from `#line` has no end yet, if what is there can be part of a line. */
  #partial(data: Buffer, end: number): number {
    const from = Math.max(this.#line, this.#scanned - 1);
    for (let i = from; i < end; i++) {
      const c = data[i];
      if (c === CR ? i + 1 < end && data[i + 1] !== LF : VALUE[c] === 0) {
        return this.#fail(this.#inStartLine ? 'bad-request-line' : 'bad-header');
      }
    }
    this.#scanned = end;
    return INCOMPLETE;
  }

  #startLine(data: Buffer, end: number): number {
    let at = this.#line;
    // RFC 9112 2.2: one empty line before the request line is let pass.
    if (data[at] === CR && this.#kind === 'request' && !this.#skippedBlank) {
      if (at + 1 >= end) return this.#partial(data, end);
      if (data[at + 1] !== LF) return this.#fail('bad-request-line');
      this.#skippedBlank = true;
      at += 2;
      this.#line = at;
    }
    const next =
      this.#kind === 'request'
        ? parseRequestLine(data, at, end, this.#map, this.facts)
        : parseStatusLine(data, at, end, this.#map, this.facts);
    if (next === INCOMPLETE) return this.#partial(data, end);
    if (next === FAILED) return this.#fail(this.facts.error);
    this.#inStartLine = false;
    this.#line = next;
    this.#scanned = next;
    return next;
  }

  #fields(data: Buffer, end: number): number {
    const map = this.#map;
    const headersMax = map.limits.headersMax;
    let at = this.#line;
    while (at < end) {
      if (data[at] === CR) {
        if (at + 1 === end) break;
        return data[at + 1] === LF ? at + 2 : this.#fail('bad-header');
      }
      let i = at;
      let c = 0;
      let hash = 0;
      while (i < end && (c = TOKEN[data[i]]) !== 0) {
        hash = (Math.imul(hash, 31) + c) | 0;
        data[i++] = c;
      }
      if (i === end) break;
      if (data[i] !== COLON || i === at) return this.#fail('bad-header');
      const nameEnd = i++;
      while (i < end && (data[i] === SP || data[i] === HTAB)) i++;
      const valueStart = i;
      while (i < end && VALUE[data[i]] !== 0) i++;
      if (i === end) break;
      if (data[i] !== CR) return this.#fail('bad-header');
      if (i + 1 === end) break;
      if (data[i + 1] !== LF) return this.#fail('bad-header');
      let valueEnd = i;
      while (valueEnd > valueStart && data[valueEnd - 1] <= SP) valueEnd--;
      if (++this.#fieldCount > headersMax) return this.#fail('too-many-headers');
      const id = knownField(hash, data, at, nameEnd);
      const keep =
        id === 0 || takeKnownField(this.facts, map, this.#kind, id, data, valueStart, valueEnd);
      if (this.facts.failed) return this.#fail(this.facts.error);
      if (keep) {
        const verbatim = valueEnd === i && valueStart === nameEnd + 2 && data[nameEnd + 1] === SP;
        map.append(hash, at, nameEnd, valueStart, valueEnd, verbatim, id === 0);
      }
      at = i + 2;
    }
    this.#line = at;
    this.#scanned = at;
    return this.#partial(data, end);
  }

  #fail(error: HttpErrorCode): number {
    this.error = error;
    return FAILED;
  }

  #tooLarge(): number {
    if (!this.#inStartLine || this.#kind !== 'request') return this.#fail('headers-too-large');
    return this.#fail('uri-too-long');
  }
}
