import { FAILED, failHead, type HeadFacts, INCOMPLETE, lowerCase } from './head-facts.ts';
import type { HeaderMap } from './header-map.ts';
import { headerName } from './header-name.ts';
import {
  ASTERISK_VALUE,
  AUTHORITY,
  HTTP_VALUE,
  HTTPS_VALUE,
  METHOD,
  PATH,
  ROOT_PATH_VALUE,
  SCHEME,
} from './pseudo-fields.ts';
import { COLON, CR, equalsIgnoreCase, isAuthority, LF, SP, TARGET, TOKEN } from './tokens.ts';

/** Longer methods are answered 501. */
const METHOD_BYTES_MAX = 64;
const SLASH = 0x2f;
const QUESTION = 0x3f;
const PATH_NAME = headerName(':path');
const VERSION = Buffer.from('HTTP/1.');
const HTTP = Buffer.from('http');
const HTTPS = Buffer.from('https');
const OPTIONS = Buffer.from('options');
const CONNECT = Buffer.from('CONNECT');
const HEAD = Buffer.from('HEAD');

/**
 * Parses `method SP target SP HTTP/1.1 CRLF` (RFC 9112 3) into `:method`, `:path` and, where the
 * target has the absolute form, `:authority`. Returns the offset of the next line, INCOMPLETE or
 * FAILED.
 */
export function parseRequestLine(
  data: Buffer,
  from: number,
  end: number,
  map: HeaderMap,
  facts: HeadFacts,
): number {
  let at = from;
  while (at < end && TOKEN[data[at]] !== 0) at++;
  if (at - from > METHOD_BYTES_MAX) return failHead(facts, 'method-too-long');
  if (at === end) return INCOMPLETE;
  if (data[at] !== SP || at === from) return failHead(facts, 'bad-request-line');
  const methodEnd = at;
  const target = ++at;
  while (at < end && TARGET[data[at]] !== 0) at++;
  if (at - target > map.limits.headerBytesMax) return failHead(facts, 'uri-too-long');
  if (at === end) return INCOMPLETE;
  if (data[at] !== SP || at === target) return failHead(facts, 'bad-request-line');
  const targetEnd = at;
  const next = parseVersion(data, at + 1, end, facts);
  if (next < 0) return next;
  facts.isHead = sameBytes(data, from, methodEnd, HEAD);
  if (sameBytes(data, from, methodEnd, CONNECT)) return failHead(facts, 'connect-not-allowed');
  map.appendPseudo(METHOD, from, methodEnd);
  if (data[target] === SLASH) {
    map.appendPseudo(PATH, target, targetEnd);
    return next;
  }
  const options = equalsIgnoreCase(data, from, methodEnd, OPTIONS);
  if (data[target] === 0x2a && targetEnd === target + 1 && options) {
    map.appendPseudoConstant(PATH, ASTERISK_VALUE);
    return next;
  }
  return parseAbsoluteForm(data, target, targetEnd, options, map, facts) ? next : FAILED;
}

/** Sets `:scheme` by what the connection is, not by what the client says. */
export function setScheme(map: HeaderMap, secure: boolean): void {
  map.appendPseudoConstant(SCHEME, secure ? HTTPS_VALUE : HTTP_VALUE);
}

/** The offset behind `HTTP/1.x CRLF`. */
function parseVersion(data: Buffer, from: number, end: number, facts: HeadFacts): number {
  for (let i = 0; i < VERSION.length; i++) {
    if (from + i === end) return INCOMPLETE;
    if (data[from + i] !== VERSION[i]) return failHead(facts, otherVersion(data, from, i));
  }
  const at = from + VERSION.length;
  if (at + 2 >= end) return INCOMPLETE;
  const minor = data[at] - 0x30;
  if (data[at + 1] !== CR || data[at + 2] !== LF || minor < 0 || minor > 9) {
    return failHead(facts, 'bad-request-line');
  }
  if (minor > 1) return failHead(facts, 'version-not-supported');
  facts.minorVersion = minor;
  return at + 3;
}

/** `HTTP/2.` and the like are versions that we don't speak; all else is no version. */
function otherVersion(data: Buffer, from: number, matched: number) {
  const digit = data[from + matched];
  const major = matched === 5 && digit >= 0x30 && digit <= 0x39;
  return major && data[from + 6] === 0x2e ? 'version-not-supported' : 'bad-request-line';
}

/**
 * `http://authority/path` (RFC 9112 3.2.2): its authority wins over `Host`. The scheme is checked
 * and forgotten.
 */
function parseAbsoluteForm(
  data: Buffer,
  start: number,
  end: number,
  options: boolean,
  map: HeaderMap,
  facts: HeadFacts,
): boolean {
  const colon = data.indexOf(COLON, start);
  const scheme =
    colon > start &&
    colon + 2 < end &&
    data[colon + 1] === SLASH &&
    data[colon + 2] === SLASH &&
    (equalsIgnoreCase(data, start, colon, HTTP) || equalsIgnoreCase(data, start, colon, HTTPS));
  if (!scheme) {
    failHead(facts, 'bad-target');
    return false;
  }
  const authority = colon + 3;
  let at = authority;
  while (at < end && data[at] !== SLASH && data[at] !== QUESTION) at++;
  if (!isAuthority(data, authority, at)) {
    failHead(facts, 'bad-target');
    return false;
  }
  lowerCase(data, authority, at);
  map.appendPseudo(AUTHORITY, authority, at);
  facts.absoluteForm = true;
  if (at === end) map.appendPseudoConstant(PATH, options ? ASTERISK_VALUE : ROOT_PATH_VALUE);
  else if (data[at] === SLASH) map.appendPseudo(PATH, at, end);
  else addRootPath(map, data.subarray(at, end));
  return true;
}

/** `http://host?query` has the path `/?query`. */
function addRootPath(map: HeaderMap, query: Uint8Array): void {
  map.addName(PATH_NAME, Buffer.concat([Buffer.from('/'), query]));
  map.clearEditedNames();
}

function sameBytes(data: Uint8Array, start: number, end: number, text: Uint8Array): boolean {
  if (end - start !== text.length) return false;
  for (let i = 0; i < text.length; i++) if (data[start + i] !== text[i]) return false;
  return true;
}
