import type { HeaderMap } from './header-map.ts';
import { headerName } from './header-name.ts';
import { PATH } from './pseudo-fields.ts';
import { HEX } from './tokens.ts';

/** The connection manager's three options; policies then judge exactly the bytes forwarded. */
export interface PathOptions {
  /**
   * `normalize_path`: RFC 3986 6.2.2 without case normalization. Encoded unreserved characters are
   * decoded, once; `\` is `/`; dot segments are resolved. Encodings that different servers read
   * differently are refused: broken ones, control characters, overlong UTF-8, `..;`.
   */
  readonly normalize: boolean;
  /** `merge_slashes`. */
  readonly mergeSlashes: boolean;
  /** `path_with_escaped_slashes_action`: what to do about `%2f` and `%5c`. */
  readonly escapedSlashes: 'keep' | 'reject' | 'redirect' | 'unescape';
}

/** MeshConfig.pathNormalization; Istio's default is BASE. */
export const PATH_NORMALIZATIONS = {
  NONE: { normalize: false, mergeSlashes: false, escapedSlashes: 'keep' },
  BASE: { normalize: true, mergeSlashes: false, escapedSlashes: 'keep' },
  MERGE_SLASHES: { normalize: true, mergeSlashes: true, escapedSlashes: 'keep' },
  DECODE_AND_MERGE_SLASHES: { normalize: true, mergeSlashes: true, escapedSlashes: 'unescape' },
} as const satisfies Readonly<Record<string, PathOptions>>;

/**
 * - `refused`: answer 400 (`path-not-normal`)
 * - `redirect`: `:path` is normal now; answer 307 with it as `location`
 */
export type PathVerdict = 'unchanged' | 'changed' | 'refused' | 'redirect';

const SLASH = 0x2f;
const BACKSLASH = 0x5c;
const DOT = 0x2e;
const PERCENT = 0x25;
const QUESTION = 0x3f;
const HASH = 0x23;
const SEMICOLON = 0x3b;
const PATH_NAME = headerName(':path');
const UNRESERVED = /[A-Za-z0-9\-._~]/;
const IS_UNRESERVED = Uint8Array.from({ length: 256 }, (_, c) =>
  UNRESERVED.test(String.fromCharCode(c)) ? 1 : 0,
);

/** Normalises `:path`, which is edited only where it differs. The query is never touched. */
export function normalizePath(map: HeaderMap, options: PathOptions): PathVerdict {
  if (!map.live(PATH)) return 'refused';
  const bytes = map.valueBytes(PATH);
  const start = map.valueStart(PATH);
  const end = map.valueEnd(PATH);
  const pathEnd = plainUntil(bytes, start, end);
  if (pathEnd === end || bytes[pathEnd] === QUESTION) return fragmentVerdict(bytes, pathEnd, end);
  const result = new PathBuffer(bytes, start, end);
  const verdict = result.normalize(options);
  if (verdict === 'refused' || fragmentVerdict(bytes, start, end) === 'refused') return 'refused';
  if (result.same()) return 'unchanged';
  const value = result.value();
  map.set(PATH_NAME.bytes, 0, PATH_NAME.bytes.length, value, 0, value.length);
  return verdict;
}

/** How far the path has nothing that any option could change: to its end in nearly all requests. */
function plainUntil(bytes: Uint8Array, start: number, end: number): number {
  let previous = 0;
  for (let i = start; i < end; i++) {
    const c = bytes[i];
    if (c === QUESTION || c === PERCENT || c === BACKSLASH || c === HASH) return i;
    if (previous === SLASH && (c === SLASH || c === DOT)) return i;
    previous = c;
  }
  return end;
}

function fragmentVerdict(bytes: Uint8Array, start: number, end: number): PathVerdict {
  for (let i = start; i < end; i++) if (bytes[i] === HASH) return 'refused';
  return 'unchanged';
}

/** A path on its way to its normal form, in a buffer that is never longer than the original. */
class PathBuffer {
  readonly #source: Uint8Array;
  readonly #start: number;
  readonly #end: number;
  readonly #pathEnd: number;
  readonly #out: Buffer;
  #length = 0;

  constructor(source: Uint8Array, start: number, end: number) {
    this.#source = source;
    this.#start = start;
    this.#end = end;
    let pathEnd = start;
    while (pathEnd < end && source[pathEnd] !== QUESTION) pathEnd++;
    this.#pathEnd = pathEnd;
    this.#out = Buffer.allocUnsafe(end - start);
  }

  normalize(options: PathOptions): PathVerdict {
    const slashes = this.#decode(options);
    if (slashes < 0) return 'refused';
    if (options.normalize && !this.#resolveDots()) return 'refused';
    if (options.mergeSlashes) this.#mergeSlashes();
    return slashes > 0 && options.escapedSlashes === 'redirect' ? 'redirect' : 'changed';
  }

  same(): boolean {
    if (this.#length !== this.#pathEnd - this.#start) return false;
    for (let i = 0; i < this.#length; i++) {
      if (this.#out[i] !== this.#source[this.#start + i]) return false;
    }
    return true;
  }

  /** The path, and the query as it was. */
  value(): Uint8Array {
    const query = this.#source.subarray(this.#pathEnd, this.#end);
    this.#out.set(query, this.#length);
    return this.#out.subarray(0, this.#length + query.length);
  }

  /** Copies the path with what is to be decoded decoded; the number of slashes so, or -1. */
  #decode(options: PathOptions): number {
    let slashes = 0;
    let i = this.#start;
    while (i < this.#pathEnd) {
      const c = this.#source[i];
      if (c !== PERCENT) {
        this.#push(c === BACKSLASH && options.normalize ? SLASH : c);
        i++;
        continue;
      }
      const value = this.#escape(i);
      if (value === 0 || (options.normalize && !this.#isSound(value, i))) return -1;
      const slash = value === SLASH || value === BACKSLASH;
      if (slash && options.escapedSlashes === 'reject') return -1;
      if (slash && options.escapedSlashes !== 'keep') {
        this.#push(options.normalize ? SLASH : value);
        slashes++;
      } else if (options.normalize && IS_UNRESERVED[value] === 1) {
        this.#push(value);
      } else {
        const size = value < 0 ? 1 : 3;
        for (let k = 0; k < size; k++) this.#push(this.#source[i + k]);
        i += size;
        continue;
      }
      i += 3;
    }
    return slashes;
  }

  #push(byte: number): void {
    this.#out[this.#length++] = byte;
  }

  /** The value of the escape at `i`, or -1. */
  #escape(i: number): number {
    if (i + 2 >= this.#pathEnd) return -1;
    const high = HEX[this.#source[i + 1]] - 1;
    const low = HEX[this.#source[i + 2]] - 1;
    return high < 0 || low < 0 ? -1 : high * 16 + low;
  }

  /** No broken escape, no control character, no byte that UTF-8 knows only in overlong forms. */
  #isSound(value: number, i: number): boolean {
    if (value < 0x20 || value === 0x7f || value === 0xc0 || value === 0xc1) return false;
    if (value !== 0xe0 && value !== 0xf0) return true;
    const next = i + 3 < this.#pathEnd && this.#source[i + 3] === PERCENT ? this.#escape(i + 3) : 0;
    return next >= (value === 0xe0 ? 0xa0 : 0x90);
  }

  /** RFC 3986 5.2.4, in place; false where a dot segment has a parameter (`/..;/`). */
  #resolveDots(): boolean {
    const out = this.#out;
    let to = 0;
    let i = 0;
    while (i < this.#length) {
      // out[i] is a slash; the segment behind it ends at `end`.
      let end = i + 1;
      while (end < this.#length && out[end] !== SLASH) end++;
      const dots = dotsOf(out, i + 1, end);
      if (dots > 2) return false;
      if (dots === 0) {
        out.copyWithin(to, i, end);
        to += end - i;
      } else if (dots === 2) {
        while (to > 0 && out[--to] !== SLASH);
      }
      if (dots > 0 && end === this.#length) out[to++] = SLASH;
      i = end;
    }
    this.#length = to;
    return true;
  }

  #mergeSlashes(): void {
    const out = this.#out;
    let to = 0;
    for (let i = 0; i < this.#length; i++) {
      if (out[i] === SLASH && to > 0 && out[to - 1] === SLASH) continue;
      out[to++] = out[i];
    }
    this.#length = to;
  }
}

/** 1 or 2 for a dot segment, 0 for another one, 3 for a dot segment with a parameter. */
function dotsOf(bytes: Uint8Array, start: number, end: number): number {
  let dots = 0;
  while (start + dots < end && bytes[start + dots] === DOT) dots++;
  if (dots === 0 || dots > 2) return 0;
  if (start + dots === end) return dots;
  return bytes[start + dots] === SEMICOLON ? 3 : 0;
}
