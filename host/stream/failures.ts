import { type ErrorEntry, errorFlag, type HttpErrorCode, httpError } from '../http/errors.ts';
import { HeaderMap } from '../http/header-map.ts';
import type { LocalReply } from '../wasm/effects.ts';
import type { UpstreamFailure } from './exchange.ts';

/** An outcome that the host itself has to answer for. */
export interface Failure {
  readonly status: number;
  /** Envoy's response code details. */
  readonly details: string;
  readonly body: string;
  /** Bits of Envoy's response flags. */
  readonly flags: number;
  /** Added to the answer. */
  readonly headers?: LocalReply['headers'];
}

export function failure(code: HttpErrorCode): Failure {
  return fromEntry(httpError(code));
}

function fromEntry(entry: ErrorEntry): Failure {
  const { status, details, body } = entry;
  return { status, details, body, flags: errorFlag(entry) };
}

const CODES: Readonly<Record<UpstreamFailure, HttpErrorCode>> = {
  'no-healthy-host': 'no-healthy-upstream',
  'per-try-timeout': 'per-try-timeout',
  'per-try-idle-timeout': 'per-try-idle-timeout',
  overflow: 'overflow',
  'connect-failure': 'connect-failure',
  'connect-timeout': 'connect-timeout',
  reset: 'upstream-reset',
  'refused-stream': 'upstream-refused-stream',
  'protocol-error': 'upstream-protocol-error',
};

/** Tells a client, or the proxy before us, that trying again would only make things worse. */
const OVERLOADED: LocalReply['headers'] = [['x-envoy-overloaded', 'true']];

/** What the client gets when an attempt failed and nothing more is tried; `cause` says why. */
export function upstreamFailure(kind: UpstreamFailure, cause: string): Failure {
  const known = failure(CODES[kind]);
  if (kind === 'overflow') return { ...known, headers: OVERLOADED };
  if (kind !== 'connect-failure' || cause === '') return known;
  const details = known.details.replace('}', `|${cause.replaceAll(' ', '_')}}`);
  return { ...known, details, body: `${known.body}, transport failure reason: ${cause}` };
}

export function replyOf(entry: Failure): LocalReply {
  return {
    status: entry.status,
    details: entry.details,
    body: Buffer.from(entry.body, 'latin1'),
    headers: entry.headers ?? [],
    grpcStatus: -1,
  };
}

/** gRPC status of an HTTP status, https://github.com/grpc/grpc http-grpc-status-mapping. */
const GRPC_STATUS: Readonly<Record<number, number>> = {
  400: 13,
  401: 16,
  403: 7,
  404: 12,
  429: 14,
  502: 14,
  503: 14,
  504: 14,
};

/** The head of a local reply; a gRPC client gets trailers only, as Envoy does it. */
export function replyHead(reply: LocalReply, grpc: boolean): HeaderMap {
  if (grpc) {
    const message = Buffer.from(reply.body).toString('latin1');
    const code = reply.grpcStatus >= 0 ? reply.grpcStatus : (GRPC_STATUS[reply.status] ?? 2);
    return HeaderMap.fromPairs([
      [':status', '200'],
      ['content-type', 'application/grpc'],
      ['grpc-status', String(code)],
      ...(message === '' ? [] : [['grpc-message', encodeURI(message)] as [string, string]]),
      ...reply.headers.map(([name, value]) => [name, value] as [string, string]),
    ]);
  }
  const typed = reply.headers.some(([name]) => name.toLowerCase() === 'content-type');
  const length = String(reply.body.length);
  return HeaderMap.fromPairs([
    [':status', String(reply.status)],
    ...(reply.body.length > 0 || reply.status >= 200
      ? [['content-length', length] as [string, string]]
      : []),
    ...(reply.body.length > 0 && !typed
      ? [['content-type', 'text/plain'] as [string, string]]
      : []),
    ...reply.headers
      .filter(([name]) => name.toLowerCase() !== 'content-length')
      .map(([name, value]) => [name, value] as [string, string]),
  ]);
}
