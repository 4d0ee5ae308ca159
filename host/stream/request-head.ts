import { canonicalizeAuthority } from '../http/authority.ts';
import type { ConnectionInfo } from '../http/codec.ts';
import { type HeaderMap, headerName } from '../http/header-map.ts';
import { normalizePath } from '../http/path.ts';
import { type Failure, failure } from './failures.ts';
import type { HttpStream } from './stream.ts';

const PATH = headerName(':path');
const REQUEST_ID = headerName('x-request-id');
const FORWARDED_FOR = headerName('x-forwarded-for');
const FORWARDED_PROTO = headerName('x-forwarded-proto');
const FORWARDED_CLIENT_CERT = headerName('x-forwarded-client-cert');
const EXTERNAL_ADDRESS = headerName('x-envoy-external-address');
const UNDERSCORE = 0x5f;

/**
 * Headers that only our own side may set; an edge takes them off a client's request.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/header_sanitizing
 */
const INTERNAL_ONLY: ReadonlySet<string> = new Set([
  'x-envoy-decorator-operation',
  'x-envoy-downstream-service-cluster',
  'x-envoy-downstream-service-node',
  'x-envoy-expected-rq-timeout-ms',
  'x-envoy-force-trace',
  'x-envoy-hedge-on-per-try-timeout',
  'x-envoy-internal',
  'x-envoy-ip-tags',
  'x-envoy-is-timeout-retry',
  'x-envoy-max-retries',
  'x-envoy-original-path',
  'x-envoy-original-url',
  'x-envoy-peer-metadata',
  'x-envoy-peer-metadata-id',
  'x-envoy-retriable-header-names',
  'x-envoy-retriable-status-codes',
  'x-envoy-retry-grpc-on',
  'x-envoy-retry-on',
  'x-envoy-upstream-alt-stat-name',
  'x-envoy-upstream-rq-per-try-timeout-ms',
  'x-envoy-upstream-rq-timeout-alt-response',
  'x-envoy-upstream-rq-timeout-ms',
  'x-envoy-upstream-stream-duration-ms',
]);
/** What all of them begin with. */
const PREFIX = Buffer.from('x-envoy-');

/**
 * Makes a received head what filters and upstream may rely on: one canonical path (policies judge
 * the very bytes that are forwarded), trusted forwarding headers, a request id. Returns why the
 * request is refused, or null.
 */
export function prepareRequest(stream: HttpStream, head: HeaderMap): Failure | null {
  const { hcm } = stream.service;
  const verdict = normalizePath(head, hcm.path);
  if (verdict === 'refused') return failure('path-not-normal');
  if (verdict === 'redirect') return redirectTo(head);
  if (hcm.rejectUnderscores !== 'allow' && !settleUnderscores(head, hcm.rejectUnderscores)) {
    return failure('underscore-in-name');
  }
  canonicalizeAuthority(head, stream.service.authority);
  if (!hcm.forwardClientCert) head.removeName(FORWARDED_CLIENT_CERT);
  if (hcm.useRemoteAddress) prepareEdge(stream, head);
  if (!head.has(FORWARDED_PROTO)) head.setName(FORWARDED_PROTO, HTTP);
  setRequestId(stream, head);
  return null;
}

/** The client is sent to the path without escaped slashes (UNESCAPE_AND_REDIRECT). */
function redirectTo(head: HeaderMap): Failure {
  const location = head.get(PATH) ?? '/';
  return {
    status: 307,
    details: 'path_normalization_failed',
    body: '',
    flags: 0,
    headers: [['location', location]],
  };
}

/** What the first proxy on the way does: the client's word about itself is not taken. */
function prepareEdge(stream: HttpStream, head: HeaderMap): void {
  const { hcm } = stream.service;
  removeInternal(head);
  const address = clientAddress(stream.info.connection);
  head.setName(EXTERNAL_ADDRESS, address);
  head.removeName(FORWARDED_PROTO);
  if (hcm.skipXffAppend) return;
  if (!head.has(FORWARDED_FOR)) {
    head.addName(FORWARDED_FOR, address);
    return;
  }
  const earlier = head.getAll(FORWARDED_FOR);
  head.setName(FORWARDED_FOR, [...earlier, Buffer.from(address).toString('latin1')].join(','));
}

/** In one pass over the fields, of which hardly ever one is meant. */
function removeInternal(head: HeaderMap): void {
  for (let slot = 0; slot < head.end; slot++) {
    if (!head.live(slot) || head.nameEnd(slot) - head.nameStart(slot) < PREFIX.length) continue;
    const bytes = head.nameBytes(slot);
    const start = head.nameStart(slot);
    let same = 0;
    while (same < PREFIX.length && bytes[start + same] === PREFIX[same]) same++;
    if (same === PREFIX.length && INTERNAL_ONLY.has(head.nameText(slot))) head.drop(slot);
  }
}

const addresses = new WeakMap<ConnectionInfo, Uint8Array>();

/** The peer's address without its port, made once for each connection. */
function clientAddress(connection: ConnectionInfo): Uint8Array {
  let address = addresses.get(connection);
  if (address === undefined) {
    address = Buffer.from(addressOf(connection.remoteAddress), 'latin1');
    addresses.set(connection, address);
  }
  return address;
}

function setRequestId(stream: HttpStream, head: HeaderMap): void {
  const { requestId, useRemoteAddress } = stream.service.hcm;
  if (!requestId.generate) return;
  const keep = !useRemoteAddress || requestId.preserveExternal;
  if (keep && head.has(REQUEST_ID)) return;
  head.setName(REQUEST_ID, stream.services.requestIds.next());
}

/** False where a name with an underscore makes the request unacceptable. */
function settleUnderscores(head: HeaderMap, action: 'reject' | 'drop'): boolean {
  for (let slot = 0; slot < head.end; slot++) {
    if (!head.live(slot)) continue;
    const bytes = head.nameBytes(slot);
    const start = head.nameStart(slot);
    const end = head.nameEnd(slot);
    const at = bytes.indexOf(UNDERSCORE, start);
    if (at < 0 || at >= end) continue;
    if (action === 'reject') return false;
    head.remove(bytes, start, end);
  }
  return true;
}

/** `10.0.0.1:1234` -> `10.0.0.1`, `[::1]:1234` -> `::1`. */
export function addressOf(hostPort: string): string {
  const at = hostPort.lastIndexOf(':');
  const host = at < 0 ? hostPort : hostPort.slice(0, at);
  return host.startsWith('[') ? host.slice(1, -1) : host;
}

const HTTP = Buffer.from('http');
