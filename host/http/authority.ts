import type { HeaderMap } from './header-map.ts';
import { headerName } from './header-name.ts';
import { AUTHORITY } from './pseudo-fields.ts';
import { LOWER } from './tokens.ts';

/** The connection manager's options for `:authority`. */
export interface AuthorityOptions {
  /** `strip_any_host_port`, or `strip_matching_host_port` for the listener's port. */
  readonly stripPort: 'no' | 'matching' | 'any';
  readonly listenerPort: number;
  /** `strip_trailing_host_dot`. */
  readonly stripTrailingDot: boolean;
}

const COLON = 0x3a;
const DOT = 0x2e;
const BRACKET = 0x5d;
const NAME = headerName(':authority');

/**
 * Brings `:authority` into one form for routing, policies and forwarding: lower case, a port
 * without leading zeros, and by option without a port or without the dot behind the host. Edited
 * only where it differs.
 */
export function canonicalizeAuthority(map: HeaderMap, options: AuthorityOptions): void {
  if (!map.live(AUTHORITY)) return;
  const bytes = map.valueBytes(AUTHORITY);
  const start = map.valueStart(AUTHORITY);
  const end = map.valueEnd(AUTHORITY);
  const colon = portColon(bytes, start, end);
  const port = portOf(bytes, colon + 1, end);
  const hostEnd = options.stripTrailingDot && bytes[colon - 1] === DOT ? colon - 1 : colon;
  const strip =
    options.stripPort === 'any' ||
    (options.stripPort === 'matching' && port === options.listenerPort);
  const zeros = colon < end && bytes[colon + 1] === 0x30;
  const dropsPort = colon < end && (strip || zeros);
  if (hostEnd === colon && !dropsPort && isLower(bytes, start, end)) return;
  const host = Buffer.from(bytes.subarray(start, hostEnd)).toString('latin1').toLowerCase();
  const text = colon === end || strip ? host : `${host}:${port}`;
  map.setName(NAME, text);
}

/** Where the port's colon stands, or `end`. */
function portColon(bytes: Uint8Array, start: number, end: number): number {
  let i = end - 1;
  while (i > start && bytes[i] >= 0x30 && bytes[i] <= 0x39) i--;
  const isColon = bytes[i] === COLON && i > start;
  return isColon && (bytes[start] !== 0x5b || bytes[i - 1] === BRACKET) ? i : end;
}

function portOf(bytes: Uint8Array, start: number, end: number): number {
  let port = 0;
  for (let i = start; i < end; i++) port = port * 10 + bytes[i] - 0x30;
  return port;
}

function isLower(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (LOWER[bytes[i]] !== bytes[i]) return false;
  return true;
}
