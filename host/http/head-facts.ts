import type { HttpErrorCode } from './errors.ts';
import type { HeaderMap } from './header-map.ts';
import * as known from './known-fields.ts';
import { hashName } from './name-hash.ts';
import { AUTHORITY } from './pseudo-fields.ts';
import { equalsIgnoreCase, HTAB, isAuthority, LOWER, SP, TOKEN } from './tokens.ts';

/** Answers of the parsers that are no offset. */
export const INCOMPLETE = -1;
export const FAILED = -2;

export type HeadKind = 'request' | 'response' | 'trailers';

/** What a codec has to know of a head besides its fields. One object serves many heads. */
export interface HeadFacts {
  /** -1 = no `content-length`. */
  contentLength: number;
  chunked: boolean;
  /** `HTTP/1.<minor>`. */
  minorVersion: number;
  /** `Connection: close`. */
  close: boolean;
  /** `Connection: keep-alive`. */
  keepAlive: boolean;
  hasHost: boolean;
  expectContinue: boolean;
  isHead: boolean;
  /** Requests: the target had the absolute form, so `:authority` is set and Host only checked. */
  absoluteForm: boolean;
  /** Responses. */
  status: number;
  failed: boolean;
  error: HttpErrorCode;
  /** Names that `Connection` lists, to be taken off: start and end of each in the head. */
  readonly nominated: number[];
}

/** More names than this in `Connection` fields are refused. */
const NOMINATED_MAX = 16;
/** Digits of 2^53 - 1. */
const LENGTH_DIGITS_MAX = 16;

const CHUNKED = Buffer.from('chunked');
const CONTINUE = Buffer.from('100-continue');
const CLOSE = Buffer.from('close');
const KEEP_ALIVE = Buffer.from('keep-alive');

export function newFacts(): HeadFacts {
  return {
    contentLength: -1,
    chunked: false,
    minorVersion: 1,
    close: false,
    keepAlive: false,
    hasHost: false,
    expectContinue: false,
    isHead: false,
    absoluteForm: false,
    status: 0,
    failed: false,
    error: 'bad-header',
    nominated: [],
  };
}

export function resetFacts(facts: HeadFacts): void {
  facts.contentLength = -1;
  facts.chunked = false;
  facts.minorVersion = 1;
  facts.close = false;
  facts.keepAlive = false;
  facts.hasHost = false;
  facts.expectContinue = false;
  facts.isHead = false;
  facts.absoluteForm = false;
  facts.status = 0;
  facts.failed = false;
  while (facts.nominated.length > 0) facts.nominated.pop();
}

/** Notes the error and answers FAILED. */
export function failHead(facts: HeadFacts, error: HttpErrorCode): typeof FAILED {
  facts.failed = true;
  facts.error = error;
  return FAILED;
}

/**
 * Reads a field that codecs know. Returns whether the map shall hold it; `facts.failed` where the
 * head is refused because of it.
 */
export function takeKnownField(
  facts: HeadFacts,
  map: HeaderMap,
  kind: HeadKind,
  id: number,
  data: Uint8Array,
  start: number,
  end: number,
): boolean {
  if (kind === 'trailers') return false;
  switch (id) {
    case known.CONTENT_LENGTH:
      return takeContentLength(facts, data, start, end);
    case known.TRANSFER_ENCODING:
      return takeTransferEncoding(facts, data, start, end);
    case known.HOST:
      return kind === 'response' || takeHost(facts, map, data, start, end);
    case known.CONNECTION:
      return takeConnection(facts, data, start, end);
    case known.EXPECT:
      return kind === 'response' || takeExpect(facts, data, start, end);
    case known.KEEP_ALIVE:
    case known.PROXY_CONNECTION:
    case known.TE:
    case known.UPGRADE:
    case known.HTTP2_SETTINGS:
      return false;
    case known.UNDERSCORE_TWIN:
      return refuse(facts, 'underscore-in-name');
    default:
      return true;
  }
}

/**
 * What can be judged only when the whole head is there: takes off the fields that `Connection`
 * named, and refuses contradictions. The head's bytes are `data`.
 */
export function finishHead(
  facts: HeadFacts,
  map: HeaderMap,
  kind: HeadKind,
  data: Uint8Array,
): boolean {
  const { nominated } = facts;
  for (let i = 0; i < nominated.length; i += 2) {
    let slot = map.find(data, nominated[i], nominated[i + 1]);
    for (; slot >= 0; slot = map.find(data, nominated[i], nominated[i + 1], slot + 1)) {
      map.drop(slot);
    }
  }
  if (facts.chunked && facts.contentLength >= 0) return refuse(facts, 'length-and-chunked');
  if (kind !== 'request' || facts.hasHost) return true;
  // RFC 9112 3.2: HTTP/1.1 needs Host in every form of target; HTTP/1.0 may put it in the target.
  return (facts.minorVersion === 0 && facts.absoluteForm) || refuse(facts, 'missing-host');
}

/** RFC 9112 6.3: a length that is no plain number, or that stands there twice, is refused. */
function takeContentLength(
  facts: HeadFacts,
  data: Uint8Array,
  start: number,
  end: number,
): boolean {
  if (facts.contentLength >= 0) return refuse(facts, 'bad-content-length');
  const length = parseLength(data, start, end);
  if (length < 0) return refuse(facts, 'bad-content-length');
  facts.contentLength = length;
  return true;
}

/** A non-negative decimal integer up to 2^53 - 1, or -1. */
export function parseLength(data: Uint8Array, start: number, end: number): number {
  if (end <= start || end - start > LENGTH_DIGITS_MAX) return -1;
  let length = 0;
  for (let i = start; i < end; i++) {
    const digit = data[i] - 0x30;
    if (digit < 0 || digit > 9) return -1;
    length = length * 10 + digit;
  }
  return length <= Number.MAX_SAFE_INTEGER ? length : -1;
}

/** Only the one token `chunked`, once: no list, no parameter, no other coding. */
function takeTransferEncoding(
  facts: HeadFacts,
  data: Uint8Array,
  start: number,
  end: number,
): boolean {
  if (facts.chunked || !equalsIgnoreCase(data, start, end, CHUNKED)) {
    return refuse(facts, 'bad-transfer-encoding');
  }
  if (facts.minorVersion === 0) return refuse(facts, 'bad-transfer-encoding');
  facts.chunked = true;
  return true;
}

/** `Host` becomes `:authority`, in lower case, unless the target's own authority has won. */
function takeHost(
  facts: HeadFacts,
  map: HeaderMap,
  data: Uint8Array,
  start: number,
  end: number,
): boolean {
  if (facts.hasHost || !isAuthority(data, start, end)) return refuse(facts, 'bad-host');
  facts.hasHost = true;
  if (facts.absoluteForm) return false;
  lowerCase(data, start, end);
  map.appendPseudo(AUTHORITY, start, end);
  return false;
}

export function lowerCase(data: Uint8Array, start: number, end: number): void {
  for (let i = start; i < end; i++) data[i] = LOWER[data[i]];
}

function takeExpect(facts: HeadFacts, data: Uint8Array, start: number, end: number): boolean {
  if (facts.expectContinue || !equalsIgnoreCase(data, start, end, CONTINUE)) {
    return refuse(facts, 'bad-expect');
  }
  facts.expectContinue = true;
  return true;
}

/** The list of RFC 9110 7.6.1; a name that must not be taken off refuses the head. */
function takeConnection(facts: HeadFacts, data: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end) {
    while (at < end && (data[at] === SP || data[at] === HTAB || data[at] === 0x2c)) at++;
    const from = at;
    while (at < end && TOKEN[data[at]] !== 0) at++;
    if (at > from) takeOption(facts, data, from, at);
    while (at < end && (data[at] === SP || data[at] === HTAB)) at++;
    if (at < end && data[at] !== 0x2c) return refuse(facts, 'bad-connection-header');
  }
  return false;
}

function takeOption(facts: HeadFacts, data: Uint8Array, start: number, end: number): void {
  if (equalsIgnoreCase(data, start, end, CLOSE)) {
    facts.close = true;
  } else if (equalsIgnoreCase(data, start, end, KEEP_ALIVE)) {
    facts.keepAlive = true;
  } else {
    lowerCase(data, start, end);
    const id = known.knownField(hashName(data, start, end), data, start, end);
    const guarded =
      id === known.CONTENT_LENGTH ||
      id === known.TRANSFER_ENCODING ||
      id === known.HOST ||
      id === known.PROTECTED;
    if (guarded || facts.nominated.length >= 2 * NOMINATED_MAX) {
      refuse(facts, 'bad-connection-header');
    } else {
      facts.nominated.push(start, end);
    }
  }
}

function refuse(facts: HeadFacts, error: HttpErrorCode): false {
  failHead(facts, error);
  return false;
}
