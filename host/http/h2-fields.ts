import {
  type HeadFacts,
  type HeadKind,
  newFacts,
  resetFacts,
  takeKnownField,
} from './head-facts.ts';
import { statedLength } from './head-writer.ts';
import { type HeaderMap, headerName } from './header-map.ts';
import * as known from './known-fields.ts';
import { hashName } from './name-hash.ts';
import {
  AUTHORITY,
  isPseudoValue,
  METHOD,
  PATH,
  PSEUDO_COUNT,
  pseudoSlot,
  SCHEME,
  STATUS,
} from './pseudo-fields.ts';
import { COLON, HTAB, isFieldValue, SP, TOKEN } from './tokens.ts';

/** What was wrong with a section of fields; null = nothing. */
export type FieldsFault = 'protocol-error' | 'limit' | null;

/** What a line of HTTP/1 has besides name and value; limits are counted the same on both. */
const LINE_BYTES = 4;

const TE = headerName('te');
const CONTENT_TYPE = headerName('content-type');
const GRPC = 'application/grpc';

const facts: HeadFacts = newFacts();

/**
 * Puts a section of fields of HTTP/2 (names and values by turns, as node:http2 hands them out:
 * latin1) into `map` as bytes. nghttp2 has checked them by RFC 9113 8.2 and 8.3, but the map's
 * promises are ours: what would break a line of HTTP/1 is refused here again.
 */
export function takeH2Fields(map: HeaderMap, raw: readonly string[], kind: HeadKind): FieldsFault {
  const data = Buffer.from(raw.join(''), 'latin1');
  const { headersMax, headerBytesMax } = map.limits;
  resetFacts(facts);
  map.attach(data);
  let at = 0;
  let count = 0;
  for (let i = 0; i < raw.length; i += 2) {
    const nameEnd = at + raw[i].length;
    const end = nameEnd + raw[i + 1].length;
    const pseudo = data[at] === COLON;
    if (!pseudo) count++;
    if (count > headersMax || end + LINE_BYTES * count > headerBytesMax) return 'limit';
    const good = pseudo
      ? takePseudo(map, kind, data, at, nameEnd, end)
      : takeField(map, kind, data, at, nameEnd, end);
    if (!good) return 'protocol-error';
    at = end;
  }
  if (kind === 'response' && !map.live(STATUS)) return 'protocol-error';
  return null;
}

/** Each once, and those of a request only there. */
function takePseudo(
  map: HeaderMap,
  kind: HeadKind,
  data: Buffer,
  start: number,
  nameEnd: number,
  end: number,
): boolean {
  const slot = pseudoSlot(data, start, nameEnd);
  const belongs = kind === 'response' ? slot === STATUS : slot !== STATUS && kind === 'request';
  if (slot < 0 || !belongs || map.live(slot)) return false;
  if (!isPseudoValue(slot, data, nameEnd, end)) return false;
  map.appendPseudo(slot, nameEnd, end);
  // A `host` beside it only has to be one.
  if (slot === AUTHORITY) facts.absoluteForm = true;
  return true;
}

function takeField(
  map: HeaderMap,
  kind: HeadKind,
  data: Buffer,
  start: number,
  nameEnd: number,
  fieldEnd: number,
): boolean {
  // RFC 9113 8.2.1: a name is a token without upper-case letters.
  for (let i = start; i < nameEnd; i++) if (TOKEN[data[i]] !== data[i]) return false;
  let from = nameEnd;
  let end = fieldEnd;
  while (from < end && (data[from] === SP || data[from] === HTAB)) from++;
  while (end > from && (data[end - 1] === SP || data[end - 1] === HTAB)) end--;
  if (nameEnd === start || !isFieldValue(data, from, end)) return false;
  const hash = hashName(data, start, nameEnd);
  const id = known.knownField(hash, data, start, nameEnd);
  if (id !== 0) {
    // RFC 9113 8.2.2: such a message is malformed.
    if (isConnectionSpecific(id)) return false;
    if (!takeKnownField(facts, map, kind, id, data, from, end)) return !facts.failed;
  }
  map.append(hash, start, nameEnd, from, end, false, id === 0);
  return true;
}

function isConnectionSpecific(id: number): boolean {
  switch (id) {
    case known.CONNECTION:
    case known.KEEP_ALIVE:
    case known.PROXY_CONNECTION:
    case known.TRANSFER_ENCODING:
    case known.UPGRADE:
      return true;
    default:
      return false;
  }
}

/**
 * The fields of a request for node:http2, names and values by turns: pseudo-headers first, none
 * that belongs to a connection (RFC 9113 8.2.2), `te` only as `trailers`. `end`: without a body, so
 * that a length other than 0 is none of this message.
 */
export function h2RequestFields(map: HeaderMap, end: boolean): string[] {
  const raw: string[] = [];
  for (let slot = METHOD; slot <= PATH; slot++) {
    if (slot === SCHEME && !map.live(slot)) raw.push(':scheme', 'http');
    else if (map.live(slot)) raw.push(map.nameText(slot), map.valueText(slot));
  }
  const length = statedLength(map);
  const keepsLength = end ? length === 0 : length >= 0;
  pushFields(raw, map, keepsLength);
  if (isGrpc(map) || asksForTrailers(map)) raw.push('te', 'trailers');
  return raw;
}

/** Trailers as node:http2 takes them. */
export function h2TrailerFields(map: HeaderMap): Record<string, string | string[]> {
  const raw: string[] = [];
  pushFields(raw, map, false);
  const fields: Record<string, string[]> = Object.create(null);
  for (let i = 0; i < raw.length; i += 2) (fields[raw[i]] ??= []).push(raw[i + 1]);
  return fields;
}

function pushFields(raw: string[], map: HeaderMap, keepsLength: boolean): void {
  for (let slot = PSEUDO_COUNT; slot < map.end; slot++) {
    if (!map.live(slot)) continue;
    if (map.ordinary(slot) || passesOn(map, slot, keepsLength)) {
      raw.push(map.nameText(slot), map.valueText(slot));
    }
  }
}

function passesOn(map: HeaderMap, slot: number, keepsLength: boolean): boolean {
  const bytes = map.nameBytes(slot);
  const id = known.knownField(map.hash(slot), bytes, map.nameStart(slot), map.nameEnd(slot));
  return !known.isCodecsOwn(id) || (id === known.CONTENT_LENGTH && keepsLength);
}

/** Servers of gRPC may refuse a request without `te: trailers`. */
function isGrpc(map: HeaderMap): boolean {
  const slot = map.findName(CONTENT_TYPE);
  if (slot < 0 || map.valueEnd(slot) - map.valueStart(slot) < GRPC.length) return false;
  const type = map.valueText(slot);
  return type.startsWith(GRPC) && (type.length === GRPC.length || '+;'.includes(type[GRPC.length]));
}

function asksForTrailers(map: HeaderMap): boolean {
  return map.getAll(TE).some((value) => /(^|,)[ \t]*trailers[ \t]*(,|;|$)/i.test(value));
}
