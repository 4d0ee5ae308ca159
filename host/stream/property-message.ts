import * as status from '@lateen/sdk/abi/status';
import { type HeaderMap, type HeaderName, headerName } from '../http/header-map.ts';
import { formatResponseFlags } from '../http/response-flags.ts';
import type { PropertySink } from '../wasm/effects.ts';
import type { PropertyFamily, PropertySource, ReadBelow, ReadValue } from './properties.ts';
import type { HttpStream } from './stream.ts';

const PATH = headerName(':path');
const METHOD = headerName(':method');
const SCHEME = headerName(':scheme');
const AUTHORITY = headerName(':authority');
const REFERER = headerName('referer');
const USER_AGENT = headerName('user-agent');
const REQUEST_ID = headerName('x-request-id');
const GRPC_STATUS = headerName('grpc-status');
const QUESTION_MARK = 0x3f;
const NANOS_PER_MS = 1e6;

/** Properties of the request and the response. */
export const MESSAGE_PROPERTIES: PropertyFamily = {
  values: {
    'request.path': requestField(PATH),
    'request.url_path': readUrlPath,
    'request.query': readQuery,
    'request.host': requestField(AUTHORITY),
    'request.scheme': requestField(SCHEME),
    'request.method': requestField(METHOD),
    'request.referer': requestField(REFERER),
    'request.useragent': requestField(USER_AGENT),
    'request.id': requestField(REQUEST_ID),
    'request.headers': ({ stream }, sink) => pairs(stream.request, sink),
    'request.headers_bytes': ({ stream }, sink) => sink.int64(stream.info.requestHeadBytes),
    'request.time': ({ stream }, sink) => sink.int64(stream.info.startedWall * NANOS_PER_MS),
    'request.protocol': (_source, sink) => sink.text('HTTP/1.1'),
    'request.duration': ({ stream }, sink) =>
      span(sink, stream.info.startedAt, stream.info.responseEndAt),
    // From the request's beginning to its last byte from the client, and to the upstream.
    'request.receive_duration': ({ stream }, sink) =>
      span(sink, stream.info.startedAt, stream.info.requestEndAt),
    'request.send_duration': ({ stream }, sink) =>
      span(sink, stream.info.startedAt, stream.info.upstreamSentAt),
    'request.size': ({ stream }, sink) => sink.int64(stream.info.requestBodyBytes),
    'request.total_size': ({ stream }, sink) =>
      sink.int64(stream.info.requestBodyBytes + stream.info.requestHeadBytes),
    'response.code': ({ stream }, sink) =>
      stream.info.status === 0 ? status.NOT_FOUND : sink.int64(stream.info.status),
    'response.code_details': ({ stream }, sink) =>
      stream.info.details === '' ? status.NOT_FOUND : sink.text(stream.info.details),
    'response.flags': ({ stream }, sink) => sink.int64(stream.info.flags),
    'response.flags_text': ({ stream }, sink) => sink.text(formatResponseFlags(stream.info.flags)),
    'response.headers': ({ stream }, sink) => pairs(stream.response, sink),
    'response.headers_bytes': ({ stream }, sink) => sink.int64(stream.info.responseHeadBytes),
    'response.trailers': ({ stream }, sink) => pairs(stream.responseTrailers, sink),
    'response.size': ({ stream }, sink) => sink.int64(stream.info.responseBodyBytes),
    'response.total_size': ({ stream }, sink) =>
      sink.int64(stream.info.responseBodyBytes + stream.info.responseHeadBytes),
    'response.grpc_status': readGrpcStatus,
    // From the request's beginning to the answer's first byte, and from there to its last one.
    'response.wait_duration': ({ stream }, sink) =>
      span(sink, stream.info.startedAt, stream.info.upstreamFirstByteAt),
    'response.send_duration': ({ stream }, sink) =>
      span(sink, stream.info.upstreamFirstByteAt, stream.info.responseEndAt),
    'response.backend_latency': ({ stream }, sink) =>
      span(sink, stream.info.upstreamSentAt, stream.info.upstreamFirstByteAt),
  },
  below: {
    'request.headers': headerBelow((stream) => stream.request),
    'response.headers': headerBelow((stream) => stream.response),
    'response.trailers': headerBelow((stream) => stream.responseTrailers),
  },
};

function requestField(name: HeaderName): ReadValue {
  return ({ stream }, sink) => {
    const map = stream.request;
    const slot = map === null ? -1 : map.findName(name);
    if (map === null || slot < 0) return status.NOT_FOUND;
    return sink.bytes(map.valueBytes(slot), map.valueStart(slot), map.valueEnd(slot));
  };
}

function readUrlPath({ stream }: PropertySource, sink: PropertySink): number {
  const path = pathRange(stream.request);
  if (path === null) return status.NOT_FOUND;
  return sink.bytes(path.bytes, path.start, path.queryAt < 0 ? path.end : path.queryAt);
}

function readQuery({ stream }: PropertySource, sink: PropertySink): number {
  const path = pathRange(stream.request);
  if (path === null) return status.NOT_FOUND;
  if (path.queryAt < 0) return sink.text('');
  return sink.bytes(path.bytes, path.queryAt + 1, path.end);
}

function pathRange(map: HeaderMap | null) {
  const slot = map === null ? -1 : map.findName(PATH);
  if (map === null || slot < 0) return null;
  const bytes = map.valueBytes(slot);
  const start = map.valueStart(slot);
  const end = map.valueEnd(slot);
  const at = bytes.indexOf(QUESTION_MARK, start);
  return { bytes, start, end, queryAt: at >= 0 && at < end ? at : -1 };
}

function readGrpcStatus({ stream }: PropertySource, sink: PropertySink): number {
  const text = stream.responseTrailers?.get(GRPC_STATUS) ?? stream.response?.get(GRPC_STATUS);
  if (text === null || text === undefined || !/^\d{1,2}$/.test(text)) return status.NOT_FOUND;
  return sink.int64(Number(text));
}

/** A map attribute joins the values of a repeated header by commas (Envoy). */
function headerBelow(mapOf: (stream: HttpStream) => HeaderMap | null): ReadBelow {
  return (keys) => {
    const name = headerName(keys[0] ?? '');
    return ({ stream }, sink) => {
      const map = mapOf(stream);
      if (map === null || keys.length !== 1) return status.NOT_FOUND;
      const values = map.getAll(name);
      return values.length === 0 ? status.NOT_FOUND : sink.text(values.join(','));
    };
  };
}

function pairs(map: HeaderMap | null, sink: PropertySink): number {
  return map === null ? status.NOT_FOUND : sink.pairs(map);
}

function span(sink: PropertySink, from: number, to: number): number {
  if (from < 0 || to < 0) return status.NOT_FOUND;
  return sink.int64(Math.round((to - from) * NANOS_PER_MS));
}
