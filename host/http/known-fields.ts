import assert from 'node:assert';
import { ascii } from '@lateen/sdk/base/bytes';
import { hashName } from './name-hash.ts';

/** Fields that mean something to a codec; everything else it passes on unread. */
export const CONTENT_LENGTH = 1;
export const TRANSFER_ENCODING = 2;
export const HOST = 3;
export const CONNECTION = 4;
export const KEEP_ALIVE = 5;
export const PROXY_CONNECTION = 6;
export const TE = 7;
export const UPGRADE = 8;
export const HTTP2_SETTINGS = 9;
export const EXPECT = 10;
/** Twins that some servers take for the framing fields; never passed on. */
export const UNDERSCORE_TWIN = 11;
/** Fields that `Connection` must not name: taking them off would change who asks for what. */
export const PROTECTED = 12;
/** Fields that mean nothing, or harm, behind a body (RFC 9110 6.5.1). */
export const NO_TRAILER = 13;

const IDS: Readonly<Record<number, readonly string[]>> = {
  [CONTENT_LENGTH]: ['content-length'],
  [TRANSFER_ENCODING]: ['transfer-encoding'],
  [HOST]: ['host'],
  [CONNECTION]: ['connection'],
  [KEEP_ALIVE]: ['keep-alive'],
  [PROXY_CONNECTION]: ['proxy-connection'],
  [TE]: ['te'],
  [UPGRADE]: ['upgrade'],
  [HTTP2_SETTINGS]: ['http2-settings'],
  [EXPECT]: ['expect'],
  [UNDERSCORE_TWIN]: ['content_length', 'transfer_encoding'],
  [PROTECTED]: [
    'authorization',
    'proxy-authorization',
    'cookie',
    'x-forwarded-for',
    'x-forwarded-host',
    'x-forwarded-proto',
    'x-forwarded-client-cert',
    'x-envoy-peer-metadata',
    'x-request-id',
  ],
  [NO_TRAILER]: [
    'age',
    'cache-control',
    'content-encoding',
    'content-range',
    'content-type',
    'date',
    'expires',
    'if-match',
    'if-modified-since',
    'if-none-match',
    'if-range',
    'if-unmodified-since',
    'location',
    'max-forwards',
    'pragma',
    'proxy-authenticate',
    'range',
    'retry-after',
    'set-cookie',
    'trailer',
    'vary',
    'www-authenticate',
  ],
};

interface Entry {
  readonly id: number;
  readonly hash: number;
  readonly bytes: Uint8Array;
}

const ENTRIES: readonly Entry[] = Object.entries(IDS).flatMap(([id, names]) =>
  names.map((name) => {
    const bytes = ascii(name);
    return { id: Number(id), hash: hashName(bytes, 0, bytes.length), bytes };
  }),
);

/** Low bits of the hash to an index of ENTRIES plus one; without collisions, see below. */
const TABLE_SIZE = 4096;
const TABLE = new Uint8Array(TABLE_SIZE);
for (const [index, { hash, bytes }] of ENTRIES.entries()) {
  const at = slotOf(hash);
  assert(TABLE[at] === 0, `known field ${Buffer.from(bytes)} collides: enlarge the table`);
  TABLE[at] = index + 1;
}

/** The id of a lower-case name with that hash, or 0. */
export function knownField(hash: number, name: Uint8Array, start: number, end: number): number {
  const index = TABLE[slotOf(hash)];
  if (index === 0) return 0;
  const { bytes, id, hash: known } = ENTRIES[index - 1];
  if (known !== hash || end - start !== bytes.length) return 0;
  for (let i = 0; i < bytes.length; i++) if (name[start + i] !== bytes[i]) return 0;
  return id;
}

/** Fields that no writer copies: it says itself what they say. */
export function isCodecsOwn(id: number): boolean {
  return id !== 0 && id !== EXPECT && id !== PROTECTED && id !== NO_TRAILER;
}

function slotOf(hash: number): number {
  return (hash ^ (hash >>> 12)) & (TABLE_SIZE - 1);
}
