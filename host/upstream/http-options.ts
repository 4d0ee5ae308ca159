import type { JsonReader } from '@lateen/sdk/base/json-reader';

/** How a cluster's connections speak HTTP; HTTP/1.1 is all there is for now. */
export interface HttpOptions {
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
  /** Passes trailers of requests and responses on. */
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
  if (cluster.has('http2ProtocolOptions')) {
    cluster.error('HTTP/2 to the upstream is not supported yet', 'http2ProtocolOptions');
  }
  cluster.ignore('http2ProtocolOptions', 'upstreamHttpProtocolOptions');
  const trailers = [
    readHttp1(cluster.object('httpProtocolOptions')),
    ...readProtocol(options),
  ].includes(true);
  refuseUpstreamFilters(options);
  const name = 'commonHttpProtocolOptions';
  const common = options.has(name) ? options.object(name) : cluster.object(name);
  cluster.ignore(name);
  const value = readCommon(common, cluster.number('maxRequestsPerConnection'));
  // SNI and SAN options only matter with TLS.
  options.ignore('upstreamHttpProtocolOptions');
  options.refuseUnread();
  return { ...value, trailers };
}

function readCommon(
  reader: JsonReader,
  requestsPerConnection: number,
): Omit<HttpOptions, 'trailers'> {
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

function readProtocol(options: JsonReader): readonly boolean[] {
  const explicit = options.object('explicitHttpConfig');
  for (const field of ['http2ProtocolOptions', 'http3ProtocolOptions']) {
    if (explicit.has(field)) {
      explicit.error(
        `${field.slice(0, 5).toUpperCase()} to the upstream is not supported yet`,
        field,
      );
    }
    explicit.ignore(field);
  }
  const trailers = [readHttp1(explicit.object('httpProtocolOptions'))];
  explicit.refuseUnread();
  // Downstream is HTTP/1 too, and without TLS there is no ALPN that could choose HTTP/2.
  for (const field of ['useDownstreamProtocolConfig', 'autoConfig']) {
    trailers.push(readHttp1(options.object(field).object('httpProtocolOptions')));
  }
  return trailers;
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
