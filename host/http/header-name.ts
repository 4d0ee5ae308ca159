import { ascii } from '@lateen/sdk/base/bytes';
import { isKnownAt, keepKnown } from './known-bytes.ts';
import { isCodecsOwn, knownField } from './known-fields.ts';
import { hashName } from './name-hash.ts';
import { COLON, isToken, LOWER } from './tokens.ts';

/** A lower-case field name made once, for looking up and adding without a string or a copy. */
export interface HeaderName {
  readonly text: string;
  readonly bytes: Uint8Array;
  readonly hash: number;
  /** Where its bytes stand in `known`; -1 for a name that a map has to look at each time. */
  readonly at: number;
  /** No codec's own: writers pass it on as it is. */
  readonly ordinary: boolean;
}

/** Names that are kept; the names that filters make up are looked at each time beyond that. */
const NAMES_MAX = 4096;
const byHash = new Map<number, HeaderName[]>();
let count = 0;

/** Makes a name; `text` is ASCII, in any case. */
export function headerName(text: string): HeaderName {
  const bytes = ascii(text.toLowerCase());
  return internName(bytes, 0, bytes.length) ?? makeName(bytes, -1);
}

/**
 * The name whose lower-case bytes these are, made if it is new; null where they are not lower case,
 * no token, or there are too many names already.
 */
export function internName(source: Uint8Array, start: number, end: number): HeaderName | null {
  const hash = hashName(source, start, end);
  for (const name of byHash.get(hash) ?? []) if (isName(name, source, start, end)) return name;
  if (count === NAMES_MAX || !isPlain(source, start, end)) return null;
  const at = keepKnown(source, start, end);
  if (at < 0) return null;
  count++;
  const name = makeName(source.slice(start, end), at);
  const others = byHash.get(hash);
  if (others === undefined) byHash.set(hash, [name]);
  else others.push(name);
  return name;
}

/** Places of names in a source that says the same ones again, e.g. a module's literals. */
const PLACES = 256;

/**
 * Names by where they stood the last time: the literals of a module stay where they are. What stood
 * there is only a guess, and the bytes prove it.
 */
export class NameGuesses {
  readonly #names: (HeaderName | null)[] = new Array<HeaderName | null>(PLACES).fill(null);

  /** As `internName`. */
  find(source: Uint8Array, start: number, end: number): HeaderName | null {
    const place = (start >> 3) & (PLACES - 1);
    const guess = this.#names[place];
    if (guess !== null && isName(guess, source, start, end)) return guess;
    const name = internName(source, start, end);
    if (name !== null && name.at >= 0) this.#names[place] = name;
    return name;
  }
}

function isName(name: HeaderName, source: Uint8Array, start: number, end: number): boolean {
  return name.bytes.length === end - start && isKnownAt(name.at, source, start, end);
}

/** An ordinary lower-case token; pseudo-headers and `host` have rules of their own. */
function isPlain(source: Uint8Array, start: number, end: number): boolean {
  if (source[start] === COLON || !isToken(source, start, end)) return false;
  for (let i = start; i < end; i++) if (LOWER[source[i]] !== source[i]) return false;
  return !(end - start === 4 && Buffer.from(source.subarray(start, end)).equals(HOST));
}

function makeName(bytes: Uint8Array, at: number): HeaderName {
  const hash = hashName(bytes, 0, bytes.length);
  const ordinary = !isCodecsOwn(knownField(hash, bytes, 0, bytes.length));
  return { text: Buffer.from(bytes).toString('latin1'), bytes, hash, at, ordinary };
}

const HOST = Buffer.from('host');
