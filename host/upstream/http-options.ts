import type { JsonReader } from '@lateen/sdk/base/json-reader';
import type { Http2Options } from '../http/h2-options.ts';
import { readHttp2 } from './http2-options.ts';

export type HttpProtocol = 'http1' | 'http2';

/** How a cluster's connections speak HTTP. */
export interface HttpOptions {
  /** HTTP/2 is spoken with prior knowledge. */
  readonly protocol: HttpProtocol;
  readonly http2: Http2Options;
  /** An idle connection is closed after so long; 0 = never. */
  readonly idleTimeoutMs: number;
  /** A connection takes no request after so long; 0 = no limit. */
  readonly connectionDurationMsMax: number;
  /** 0 = no limit. */
  readonly requestsPerConnectionMax: number;
  /** Fields of a response head; 0 = the codec's default. */
  readonly headersMax: number;
  /** Bytes of a response head; 0 = the codec's default. */
  readonly headerBytesMax: number;
  /** Passes trailers of requests and responses on; HTTP/2 always does. */
  readonly trailers: boolean;
}

const OPTIONS_KEY = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
const CODEC_TYPE =
  'type.googleapis.com/envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec';
const DEFAULT_IDLE_TIMEOUT_MS = 3_600_000;

/** Reads `typed_extension_protocol_options` and the deprecated fields of Cluster beside it. */
export function readHttpOptions(cluster: JsonReader): HttpOptions {
  const extensions = cluster.object('typedExtensionProtocolOptions');
  const options = extensions.object(OPTIONS_KEY);
  extensions.refuseUnread();
  const protocols = readProtocols(cluster, options);
  refuseUpstreamFilters(options);
  const name = 'commonHttpProtocolOptions';
  const common = options.has(name) ? options.object(name) : cluster.object(name);
  cluster.ignore(name, 'upstreamHttpProtocolOptions');
  const value = readCommon(common, cluster.number('maxRequestsPerConnection'));
  // SNI and SAN options only matter with TLS.
  options.ignore('upstreamHttpProtocolOptions');
  options.refuseUnread();
  return { ...value, ...protocols };
}

function readCommon(
  reader: JsonReader,
  requestsPerConnection: number,
): Omit<HttpOptions, keyof Protocols> {
  const value = {
    idleTimeoutMs: reader.durationMs('idleTimeout', DEFAULT_IDLE_TIMEOUT_MS),
    connectionDurationMsMax: reader.durationMs('maxConnectionDuration', 0),
    requestsPerConnectionMax: reader.number('maxRequestsPerConnection', requestsPerConnection),
    headersMax: reader.number('maxHeadersCount'),
    headerBytesMax: reader.number('maxResponseHeadersKb') * 1024,
  };
  reader.warnUnread();
  return value;
}

type Protocols = Pick<HttpOptions, 'protocol' | 'http2' | 'trailers'>;

function readProtocols(cluster: JsonReader, options: JsonReader): Protocols {
  const explicit = options.object('explicitHttpConfig');
  if (explicit.has('http3ProtocolOptions')) {
    explicit.error('HTTP/3 to the upstream is not supported', 'http3ProtocolOptions');
  }
  explicit.ignore('http3ProtocolOptions');
  // The cluster's own fields are deprecated, and only count where there are no options.
  const old = !['explicitHttpConfig', 'useDownstreamProtocolConfig', 'autoConfig'].some((name) =>
    options.has(name),
  );
  const name = 'http2ProtocolOptions';
  const wantsHttp2 = explicit.has(name) || (old && cluster.has(name));
  const http2 = readHttp2(explicit.has(name) ? explicit.object(name) : cluster.object(name));
  cluster.ignore(name);
  const trailers = [cluster, explicit].map((from) => readHttp1(from.object('httpProtocolOptions')));
  explicit.refuseUnread();
  // Downstream is HTTP/1 too, and without TLS there is no ALPN that could choose HTTP/2.
  for (const field of ['useDownstreamProtocolConfig', 'autoConfig']) {
    trailers.push(readHttp1(options.object(field).object('httpProtocolOptions')));
  }
  return {
    protocol: wantsHttp2 ? 'http2' : 'http1',
    http2,
    trailers: trailers.includes(true),
  };
}

/** Whether trailers are passed on. */
function readHttp1(reader: JsonReader): boolean {
  const trailers = reader.boolean('enableTrailers');
  reader.ignore('allowAbsoluteUrl', 'acceptHttp10', 'defaultHostForHttp10');
  reader.warnUnread();
  return trailers;
}

/** Upstream filters would have to run; the codec alone is what happens anyway. */
function refuseUpstreamFilters(options: JsonReader): void {
  for (const filter of options.objects('httpFilters')) {
    const type = filter.object('typedConfig').string('@type');
    if (type !== CODEC_TYPE) filter.error(`upstream filter ${type} is not supported`);
  }
}
