import { STATUS_CODES } from 'node:http';
import { parseLength } from './head-facts.ts';
import { type HeaderMap, headerName } from './header-map.ts';
import { isCodecsOwn, knownField } from './known-fields.ts';
import type { Outbox } from './outbox.ts';
import { AUTHORITY, METHOD, PATH, PSEUDO_COUNT, STATUS } from './pseudo-fields.ts';
import { COLON, CR, LF, SP } from './tokens.ts';
import { copyBytes, writeDecimal } from './write-bytes.ts';

/**
 * How the body that follows a head is marked (RFC 9112 6): a length, or one of these. It is always
 * ours; a peer's framing fields are never copied.
 */
export type Framing = number;
export const CHUNKED: Framing = -1;
/** No framing field: no body, or one that ends with the connection. */
export const UNFRAMED: Framing = -2;

/** Room for the start line's fixed parts, framing and connection fields. */
const FIXED_BYTES = 192;

const HTTP_11 = Buffer.from(' HTTP/1.1\r\nhost: ');
const CONTENT_LENGTH = Buffer.from('content-length: ');
const TRANSFER_ENCODING = Buffer.from('transfer-encoding: chunked\r\n');
const CONNECTION_CLOSE = Buffer.from('connection: close\r\n');
const CONNECTION_KEEP_ALIVE = Buffer.from('connection: keep-alive\r\n');
const CONTENT_LENGTH_NAME = headerName('content-length');
const STATUS_LINES: (Buffer | undefined)[] = [];

/** The length that the map states, or -1 where it states none, or not one plain number. */
export function statedLength(map: HeaderMap): number {
  const slot = map.findName(CONTENT_LENGTH_NAME);
  if (slot < 0 || map.findName(CONTENT_LENGTH_NAME, slot + 1) >= 0) return -1;
  return parseLength(map.valueBytes(slot), map.valueStart(slot), map.valueEnd(slot));
}

/** True where the map has what a request line needs. */
export function isRequest(map: HeaderMap): boolean {
  return map.live(METHOD) && map.live(PATH) && map.live(AUTHORITY);
}

/** Writes a request head; returns its length. */
export function writeRequestHead(out: Outbox, map: HeaderMap, framing: Framing): number {
  const buffer = out.reserve(headBytesMax(map));
  const start = out.used;
  let at = writeValue(buffer, start, map, METHOD);
  buffer[at++] = SP;
  at = writeValue(buffer, at, map, PATH);
  at = copyBytes(buffer, at, HTTP_11, 0, HTTP_11.length);
  at = writeValue(buffer, at, map, AUTHORITY);
  buffer[at++] = CR;
  buffer[at++] = LF;
  at = writeFields(buffer, at, map);
  at = writeFraming(buffer, at, framing);
  return finish(out, buffer, start, at);
}

export type Persistence = 'close' | 'keep-alive' | 'default';

/** Writes a response head; `persistence` says what stands in `Connection`. */
export function writeResponseHead(
  out: Outbox,
  map: HeaderMap,
  framing: Framing,
  persistence: Persistence,
): number {
  const buffer = out.reserve(headBytesMax(map));
  const start = out.used;
  const line = statusLine(statusOf(map));
  let at = copyBytes(buffer, start, line, 0, line.length);
  at = writeFields(buffer, at, map);
  at = writeFraming(buffer, at, framing);
  if (persistence !== 'default') {
    const field = persistence === 'close' ? CONNECTION_CLOSE : CONNECTION_KEEP_ALIVE;
    at = copyBytes(buffer, at, field, 0, field.length);
  }
  return finish(out, buffer, start, at);
}

/** Writes the fields of a trailer section and its empty line; returns how many bytes. */
export function writeTrailerFields(out: Outbox, map: HeaderMap): number {
  const buffer = out.reserve(headBytesMax(map));
  const start = out.used;
  return finish(out, buffer, start, writeFields(buffer, start, map));
}

/** `:status` as a number, 0 where there is none. */
export function statusOf(map: HeaderMap): number {
  if (!map.live(STATUS)) return 0;
  const bytes = map.valueBytes(STATUS);
  const at = map.valueStart(STATUS);
  return (bytes[at] - 0x30) * 100 + (bytes[at + 1] - 0x30) * 10 + bytes[at + 2] - 0x30;
}

function headBytesMax(map: HeaderMap): number {
  return map.bytes + 4 * map.count + FIXED_BYTES;
}

function statusLine(status: number): Buffer {
  const cached = STATUS_LINES[status];
  if (cached !== undefined) return cached;
  const line = Buffer.from(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}\r\n`);
  STATUS_LINES[status] = line;
  return line;
}

function writeValue(buffer: Buffer, at: number, map: HeaderMap, slot: number): number {
  return copyBytes(buffer, at, map.valueBytes(slot), map.valueStart(slot), map.valueEnd(slot));
}

/**
 * Writes all fields but those that are the codec's own. Fields that stand behind each other in the
 * received bytes, as we would write them, are copied in one go.
 */
function writeFields(buffer: Buffer, from: number, map: HeaderMap): number {
  let at = from;
  let runBytes: Uint8Array = buffer;
  let runStart = -1;
  let runEnd = -1;
  for (let slot = PSEUDO_COUNT; slot < map.end; slot++) {
    if (!map.live(slot)) continue;
    const name = map.nameBytes(slot);
    const start = map.nameStart(slot);
    if (!map.ordinary(slot) && isCodecs(map, slot)) continue;
    if (map.verbatim(slot)) {
      if (start !== runEnd) {
        at = copyBytes(buffer, at, runBytes, runStart, runEnd);
        runBytes = name;
        runStart = start;
      }
      runEnd = map.valueEnd(slot) + 2;
      continue;
    }
    at = copyBytes(buffer, at, runBytes, runStart, runEnd);
    runStart = runEnd = -1;
    at = writeField(buffer, at, map, slot);
  }
  return copyBytes(buffer, at, runBytes, runStart, runEnd);
}

function writeField(buffer: Buffer, from: number, map: HeaderMap, slot: number): number {
  let at = copyBytes(buffer, from, map.nameBytes(slot), map.nameStart(slot), map.nameEnd(slot));
  buffer[at++] = COLON;
  buffer[at++] = SP;
  at = writeValue(buffer, at, map, slot);
  buffer[at++] = CR;
  buffer[at++] = LF;
  return at;
}

function isCodecs(map: HeaderMap, slot: number): boolean {
  const name = map.nameBytes(slot);
  return isCodecsOwn(knownField(map.hash(slot), name, map.nameStart(slot), map.nameEnd(slot)));
}

function writeFraming(buffer: Buffer, from: number, framing: Framing): number {
  if (framing === UNFRAMED) return from;
  if (framing === CHUNKED) {
    return copyBytes(buffer, from, TRANSFER_ENCODING, 0, TRANSFER_ENCODING.length);
  }
  let at = copyBytes(buffer, from, CONTENT_LENGTH, 0, CONTENT_LENGTH.length);
  at = writeDecimal(buffer, at, framing);
  buffer[at++] = CR;
  buffer[at++] = LF;
  return at;
}

function finish(out: Outbox, buffer: Buffer, start: number, from: number): number {
  buffer[from] = CR;
  buffer[from + 1] = LF;
  out.commit(from + 2);
  return from + 2 - start;
}
