import { HeaderMap } from '../http/header-map.ts';
import type { LocalReply } from '../wasm/effects.ts';
import type { UpstreamFailure } from './exchange.ts';
import { FLAG } from './response-flags.ts';

/** An outcome that the host itself has to answer for. */
export interface Failure {
  readonly status: number;
  /** Envoy's response code details. */
  readonly details: string;
  readonly body: string;
  readonly flags: number;
}

/**
 * The one table of what the host answers by itself; statuses, details and flags are Envoy's.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/response_code_details
 */
export const FAILURES = {
  noRouter: failure(404, 'route_not_found', '', FLAG.NO_ROUTE),
  noCluster: failure(503, 'cluster_not_found', '', FLAG.NO_CLUSTER),
  filterFailed: failure(503, 'wasm_fail_stream', '', 0),
  requestTooLarge: failure(413, 'request_payload_too_large', 'Payload Too Large', 0),
  responseTooLarge: failure(500, 'response_payload_too_large', 'Internal Server Error', 0),
  routeTimeout: failure(
    504,
    'response_timeout',
    'upstream request timeout',
    FLAG.UPSTREAM_TIMEOUT,
  ),
  requestTimeout: failure(408, 'request_overall_timeout', 'request timeout', 0),
  streamIdle: failure(504, 'stream_idle_timeout', 'stream timeout', FLAG.STREAM_IDLE_TIMEOUT),
  requestIdle: failure(408, 'stream_idle_timeout', 'stream timeout', FLAG.STREAM_IDLE_TIMEOUT),
  maxDuration: failure(408, 'max_duration_timeout', 'downstream duration timeout', FLAG.MAX_DURATION),
  badPath: failure(400, 'path_normalization_failed', '', 0),
  badRequest: failure(400, 'http1.codec_error', 'Bad Request', FLAG.DOWNSTREAM_PROTOCOL_ERROR),
  underscore: failure(400, 'unexpected_underscore', '', 0),
  escapedSlash: failure(400, 'path_normalization_failed', '', 0),
} as const;

function failure(status: number, details: string, body: string, flags: number): Failure {
  return { status, details, body, flags };
}

const CONNECT_PREFIX = 'upstream connect error or disconnect/reset before headers. reset reason: ';

/** What the client gets when an attempt failed and nothing more is tried. */
export function failureOf(kind: UpstreamFailure, detail: string): Failure {
  switch (kind) {
    case 'no-healthy-host':
      return failure(503, 'no_healthy_upstream', 'no healthy upstream', FLAG.NO_HEALTHY_UPSTREAM);
    case 'per-try-timeout':
      return failure(
        504,
        'upstream_per_try_timeout',
        'upstream request timeout',
        FLAG.UPSTREAM_TIMEOUT,
      );
    case 'overflow':
      return before('overflow', FLAG.UPSTREAM_OVERFLOW);
    case 'connect-failure':
      return before(
        detail === '' ? 'connection failure' : 'remote connection failure',
        FLAG.UPSTREAM_CONNECTION_FAILURE,
        detail,
      );
    case 'connect-timeout':
      return before('connection timeout', FLAG.UPSTREAM_CONNECTION_FAILURE);
    case 'reset':
    case 'refused-stream':
      return before('connection termination', FLAG.UPSTREAM_TERMINATION);
    case 'protocol-error':
      return { ...before('protocol error', FLAG.UPSTREAM_PROTOCOL_ERROR), status: 502 };
  }
}

function before(reason: string, flags: number, cause = ''): Failure {
  const details = `upstream_reset_before_response_started{${reason.replaceAll(' ', '_')}${
    cause === '' ? '' : `|${cause.replaceAll(' ', '_')}`
  }}`;
  const tail = cause === '' ? '' : `, transport failure reason: ${cause}`;
  return failure(503, details, `${CONNECT_PREFIX}${reason}${tail}`, flags);
}

export function replyOf(entry: Failure): LocalReply {
  return {
    status: entry.status,
    details: entry.details,
    body: Buffer.from(entry.body, 'latin1'),
    headers: [],
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
