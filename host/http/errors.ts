import type { HeaderLimits } from './field-table.ts';
import { HeaderMap, headerName } from './header-map.ts';
import { type ResponseFlag, responseFlag } from './response-flags.ts';

/**
 * Everything that we answer ourselves, in one table: status, Envoy's response code details, its
 * response flag and the body. Texts and details are Envoy's where it has the case.
 */
export interface ErrorEntry {
  readonly status: number;
  readonly details: string;
  readonly flag: ResponseFlag | null;
  readonly body: string;
}

const RESET = 'upstream connect error or disconnect/reset before headers. reset reason: ';
const BEFORE_RESPONSE = 'upstream_reset_before_response_started';

function entry(
  status: number,
  details: string,
  flag: ResponseFlag | null,
  body: string,
): ErrorEntry {
  return { status, details, flag, body };
}

/** An upstream reset; `reason` is Envoy's name for it. */
function reset(status: number, flag: ResponseFlag, reason: string): ErrorEntry {
  const details = `${BEFORE_RESPONSE}{${reason.replaceAll(' ', '_')}}`;
  return entry(status, details, flag, RESET + reason);
}

export const HTTP_ERRORS = {
  // What the peer sent is no HTTP/1 message of ours; the connection is closed after the answer.
  'bad-request-line': entry(400, 'http1.codec_error', 'DPE', 'Bad Request'),
  'bad-target': entry(400, 'http1.invalid_url', 'DPE', 'Bad Request'),
  'bad-header': entry(400, 'http1.invalid_characters', 'DPE', 'Bad Request'),
  'bad-host': entry(400, 'http1.codec_error', 'DPE', 'Bad Request'),
  'missing-host': entry(400, 'missing_host_header', 'DPE', 'Bad Request'),
  'bad-content-length': entry(400, 'http1.codec_error', 'DPE', 'Bad Request'),
  'bad-transfer-encoding': entry(400, 'http1.invalid_transfer_encoding', 'DPE', 'Bad Request'),
  'length-and-chunked': entry(
    400,
    'http1.content_length_and_chunked_not_allowed',
    'DPE',
    'Bad Request',
  ),
  'bad-connection-header': entry(400, 'http1.connection_header_rejected', 'DPE', 'Bad Request'),
  'underscore-in-name': entry(400, 'http1.unexpected_underscore', 'DPE', 'Bad Request'),
  'bad-chunk': entry(400, 'http1.codec_error', 'DPE', 'Bad Request'),
  'bad-trailer': entry(400, 'http1.invalid_characters', 'DPE', 'Bad Request'),
  'connect-not-allowed': entry(405, 'http1.connect_not_allowed', 'DPE', 'Method Not Allowed'),
  'chunk-too-large': entry(413, 'request_payload_too_large', 'DPE', 'Payload Too Large'),
  'chunk-extensions-too-large': entry(
    413,
    'http1.chunk_extensions_too_large',
    'DPE',
    'Payload Too Large',
  ),
  'uri-too-long': entry(414, 'http1.uri_too_long', 'DPE', 'URI Too Long'),
  'bad-expect': entry(417, 'http1.expectation_failed', 'DPE', 'Expectation Failed'),
  'low-version': entry(426, 'low_version', null, 'Upgrade Required'),
  'too-many-headers': entry(
    431,
    'http1.too_many_headers',
    'DPE',
    'Request Header Fields Too Large',
  ),
  'headers-too-large': entry(
    431,
    'http1.headers_too_large',
    'DPE',
    'Request Header Fields Too Large',
  ),
  'method-too-long': entry(501, 'http1.method_too_long', 'DPE', 'Not Implemented'),
  'version-not-supported': entry(505, 'http1.codec_error', 'DPE', 'HTTP Version Not Supported'),
  'bad-status-line': reset(502, 'UPE', 'protocol error'),

  // Before the request goes anywhere.
  'path-not-normal': entry(400, 'path_normalization_failed', null, ''),
  'header-timeout': entry(408, 'request_header_timeout', null, 'request header timeout'),
  'request-timeout': entry(408, 'request_overall_timeout', null, 'request timeout'),
  'request-too-large': entry(413, 'request_payload_too_large', null, 'Payload Too Large'),
  'retry-buffer-full': entry(
    507,
    'request_payload_exceeded_retry_buffer_limit',
    null,
    'exceeded request buffer limit while retrying upstream',
  ),
  overload: entry(503, 'overload', 'OM', 'envoy overloaded'),
  'filter-removed-request-headers': entry(
    503,
    'filter_removed_required_request_headers',
    null,
    'missing required header',
  ),
  'filter-removed-response-headers': entry(
    502,
    'filter_removed_required_response_headers',
    null,
    'missing required header',
  ),
  /** A module trapped or could not be made; fail closed. */
  'filter-failed': entry(503, 'wasm_fail_stream', null, ''),

  // Routing.
  'no-route-configuration': entry(404, 'route_configuration_not_found', 'NR', ''),
  'no-route': entry(404, 'route_not_found', 'NR', ''),
  'no-cluster': entry(503, 'cluster_not_found', 'NC', ''),
  'no-healthy-upstream': entry(503, 'no_healthy_upstream', 'UH', 'no healthy upstream'),

  // The upstream, before its answer began.
  'connect-failure': reset(503, 'UF', 'remote connection failure'),
  'connect-timeout': reset(503, 'UF', 'connection timeout'),
  overflow: reset(503, 'UO', 'overflow'),
  'upstream-reset': reset(503, 'UC', 'connection termination'),
  'upstream-remote-reset': reset(503, 'UR', 'remote reset'),
  'upstream-refused-stream': reset(503, 'UR', 'remote refused stream reset'),
  'upstream-local-reset': reset(503, 'LR', 'local reset'),
  'upstream-protocol-error': reset(502, 'UPE', 'protocol error'),
  'upstream-timeout': entry(504, 'response_timeout', 'UT', 'upstream request timeout'),
  'per-try-timeout': entry(504, 'upstream_per_try_timeout', 'UT', 'upstream request timeout'),
  'per-try-idle-timeout': entry(
    504,
    'upstream_per_try_idle_timeout',
    'SI',
    'upstream request timeout',
  ),
  'upstream-max-duration': entry(
    504,
    'upstream_max_stream_duration_reached',
    'UMSDR',
    'upstream max stream duration reached',
  ),
  'response-too-large': entry(500, 'response_payload_too_large', null, 'Internal Server Error'),

  // Time limits of the stream; the first of a pair is for a request that is still arriving.
  'stream-idle-request': entry(408, 'stream_idle_timeout', 'SI', 'stream timeout'),
  'stream-idle': entry(504, 'stream_idle_timeout', 'SI', 'stream timeout'),
  'max-duration-request': entry(408, 'max_duration_timeout', 'DT', 'downstream duration timeout'),
  'max-duration': entry(504, 'max_duration_timeout', 'DT', 'downstream duration timeout'),

  // After the answer began there is nothing to answer any more: only details and a flag.
  'upstream-reset-late': entry(
    503,
    'upstream_reset_after_response_started{connection_termination}',
    'UC',
    '',
  ),
  'upstream-protocol-error-late': entry(
    502,
    'upstream_reset_after_response_started{protocol_error}',
    'UPE',
    '',
  ),
  'downstream-gone': entry(0, 'downstream_remote_disconnect', 'DC', ''),
} satisfies Readonly<Record<string, ErrorEntry>>;

export type HttpErrorCode = keyof typeof HTTP_ERRORS;

export function httpError(code: HttpErrorCode): ErrorEntry {
  return HTTP_ERRORS[code];
}

/** The bit of an entry's response flag, 0 for none. */
export function errorFlag(error: ErrorEntry): number {
  return error.flag === null ? 0 : responseFlag(error.flag);
}

/** A reply of our own: a head with `content-length` and `content-type`, and the body's bytes. */
export interface LocalReply {
  readonly head: HeaderMap;
  readonly body: Uint8Array;
}

const STATUS = headerName(':status');
const CONTENT_LENGTH = headerName('content-length');
const CONTENT_TYPE = headerName('content-type');

/** Turns an entry into a reply; the one place where an error becomes a response. */
export function localReply(
  error: Pick<ErrorEntry, 'status' | 'body'>,
  limits?: HeaderLimits,
): LocalReply {
  const head = new HeaderMap(limits);
  const body = Buffer.from(error.body);
  head.addName(STATUS, String(error.status));
  if (body.length > 0) {
    head.addName(CONTENT_LENGTH, String(body.length));
    head.addName(CONTENT_TYPE, 'text/plain');
  }
  return { head, body };
}
