import type { JsonObject } from '@lateen/sdk/base/json';
import { JsonReader, type ReaderSink } from '@lateen/sdk/base/json-reader';
import type { Outcome } from '@lateen/sdk/base/result';

/**
 * An HTTP connection manager's settings, parsed once from
 * envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.
 * Durations in milliseconds, 0 = off. Defaults are Envoy's, from the comments of the proto.
 */
export interface HcmConfig {
  readonly statPrefix: string;
  /** The RDS resource, or null where the route configuration stands inline. */
  readonly rdsName: string | null;
  readonly routeConfig: JsonObject | null;
  readonly httpFilters: readonly HttpFilterConfig[];
  readonly accessLogs: readonly JsonObject[];
  readonly requestHeaderBytesMax: number;
  readonly headersMax: number;
  readonly requestsPerConnectionMax: number;
  readonly idleTimeoutMs: number;
  readonly streamIdleTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly requestHeadersTimeoutMs: number;
  readonly maxConnectionDurationMs: number;
  readonly maxStreamDurationMs: number;
  readonly delayedCloseTimeoutMs: number;
  readonly acceptHttp10: boolean;
  /** Trailers of requests and answers are passed on; else dropped. */
  readonly trailers: boolean;
  readonly rejectUnderscores: 'allow' | 'reject' | 'drop';
  readonly path: PathSettings;
  readonly stripPort: 'no' | 'matching' | 'any';
  readonly stripTrailingDot: boolean;
  readonly useRemoteAddress: boolean;
  readonly xffTrustedHops: number;
  readonly skipXffAppend: boolean;
  /** ALWAYS_FORWARD_ONLY: the client's x-forwarded-client-cert goes on; else it is taken off. */
  readonly forwardClientCert: boolean;
  readonly requestId: RequestIdSettings;
  readonly serverName: string;
  readonly serverHeader: 'overwrite' | 'append-if-absent' | 'pass-through';
}

export interface PathSettings {
  readonly normalize: boolean;
  readonly mergeSlashes: boolean;
  readonly escapedSlashes: 'keep' | 'reject' | 'redirect' | 'unescape';
}

export interface RequestIdSettings {
  readonly generate: boolean;
  readonly preserveExternal: boolean;
  readonly inResponse: boolean;
}

export interface HttpFilterConfig {
  readonly name: string;
  /** The Any of `typed_config`, or null where `config_discovery` names a resource. */
  readonly typedConfig: JsonObject | null;
  /** The TypedExtensionConfig to wait for (ECDS). */
  readonly discovery: string | null;
  readonly disabled: boolean;
}

/** `path`: where the message stands in the resource. */
export function parseHcm(
  json: JsonObject,
  resource: string,
  path = 'http_connection_manager',
): Outcome<HcmConfig> {
  const sink: ReaderSink = { resource, problems: [] };
  const r = new JsonReader(json, sink, path);
  const codec = r.string('codecType', 'AUTO');
  if (codec !== 'AUTO' && codec !== 'HTTP1') r.error(`${codec} is not supported yet`, 'codecType');
  const common = r.object('commonHttpProtocolOptions');
  const http1 = r.object('httpProtocolOptions');
  const rds = r.object('rds');
  const routeConfig = r.raw('routeConfig') as JsonObject | undefined;
  if (r.has('scopedRoutes')) r.error('scoped routes are not supported', 'scopedRoutes');
  const value: HcmConfig = {
    statPrefix: r.string('statPrefix'),
    rdsName: r.has('rds') ? rds.string('routeConfigName') : null,
    routeConfig: routeConfig ?? null,
    httpFilters: r.objects('httpFilters').map(parseHttpFilter),
    accessLogs: r.objects('accessLog').map((log) => log.json),
    requestHeaderBytesMax: r.number('maxRequestHeadersKb', 60) * 1024,
    headersMax: common.number('maxHeadersCount', 100),
    requestsPerConnectionMax: common.number('maxRequestsPerConnection', 0),
    idleTimeoutMs: common.durationMs('idleTimeout', 3_600_000),
    streamIdleTimeoutMs: r.durationMs('streamIdleTimeout', 300_000),
    requestTimeoutMs: r.durationMs('requestTimeout', 0),
    requestHeadersTimeoutMs: r.durationMs('requestHeadersTimeout', 0),
    maxConnectionDurationMs: common.durationMs('maxConnectionDuration', 0),
    maxStreamDurationMs: common.durationMs('maxStreamDuration', 0),
    delayedCloseTimeoutMs: r.durationMs('delayedCloseTimeout', 1_000),
    acceptHttp10: http1.boolean('acceptHttp10'),
    trailers: http1.boolean('enableTrailers'),
    rejectUnderscores: parseUnderscores(common),
    path: parsePath(r),
    stripPort: parseStripPort(r),
    stripTrailingDot: r.boolean('stripTrailingHostDot'),
    useRemoteAddress: r.boolean('useRemoteAddress'),
    xffTrustedHops: r.number('xffNumTrustedHops'),
    skipXffAppend: r.boolean('skipXffAppend'),
    forwardClientCert: r.string('forwardClientCertDetails') === 'ALWAYS_FORWARD_ONLY',
    requestId: {
      generate: r.boolean('generateRequestId', true),
      preserveExternal: r.boolean('preserveExternalRequestId'),
      inResponse: r.boolean('alwaysSetRequestIdInResponse'),
    },
    serverName: r.string('serverName', 'envoy') || 'envoy',
    serverHeader: parseServerHeader(r),
  };
  checkUnread(r, common, http1);
  return { value, problems: sink.problems };
}

function parseHttpFilter(r: JsonReader): HttpFilterConfig {
  const discovery = r.has('configDiscovery');
  if (discovery) r.object('configDiscovery').ignore('configSource', 'typeUrls', 'defaultConfig');
  const typedConfig = r.raw('typedConfig') as JsonObject | undefined;
  r.ignore('isOptional');
  const filter = {
    name: r.string('name'),
    typedConfig: typedConfig ?? null,
    discovery: discovery ? r.string('name') : null,
    disabled: r.boolean('disabled'),
  };
  if (typedConfig === undefined && !discovery) {
    r.error('needs typed_config or config_discovery', 'typedConfig');
  }
  r.refuseUnread();
  return filter;
}

function parsePath(r: JsonReader): PathSettings {
  const actions: Record<string, PathSettings['escapedSlashes']> = {
    REJECT_REQUEST: 'reject',
    UNESCAPE_AND_REDIRECT: 'redirect',
    UNESCAPE_AND_FORWARD: 'unescape',
  };
  const action = r.string('pathWithEscapedSlashesAction');
  return {
    normalize: r.boolean('normalizePath'),
    mergeSlashes: r.boolean('mergeSlashes'),
    escapedSlashes: actions[action] ?? 'keep',
  };
}

function parseStripPort(r: JsonReader): HcmConfig['stripPort'] {
  const any = r.boolean('stripAnyHostPort');
  const matching = r.boolean('stripMatchingHostPort');
  if (any) return 'any';
  return matching ? 'matching' : 'no';
}

function parseUnderscores(common: JsonReader): HcmConfig['rejectUnderscores'] {
  const action = common.string('headersWithUnderscoresAction', 'ALLOW');
  if (action === 'REJECT_REQUEST') return 'reject';
  return action === 'DROP_HEADER' ? 'drop' : 'allow';
}

function parseServerHeader(r: JsonReader): HcmConfig['serverHeader'] {
  const action = r.string('serverHeaderTransformation', 'OVERWRITE');
  if (action === 'APPEND_IF_ABSENT') return 'append-if-absent';
  return action === 'PASS_THROUGH' ? 'pass-through' : 'overwrite';
}

/** What we may leave out without routing, admitting or securing anything differently. */
const HARMLESS = [
  'tracing',
  'drainTimeout',
  'streamErrorOnInvalidHttpMessage',
  'upgradeConfigs',
  'http2ProtocolOptions',
  'http3ProtocolOptions',
  'via',
  'proxyStatusConfig',
  'accessLogOptions',
  'addUserAgent',
  'internalAddressConfig',
  'setCurrentClientCertDetails',
  'proxy100Continue',
  'schemeHeaderTransformation',
  'appendXForwardedPort',
  'representIpv4RemoteAddressAsIpv4MappedIpv6',
];

function checkUnread(r: JsonReader, common: JsonReader, http1: JsonReader): void {
  for (const name of r.unread()) {
    if (!HARMLESS.includes(name)) continue;
    r.ignore(name);
    r.problem('warning', 'LAT0602', 'is not supported and has no effect', name);
  }
  r.refuseUnread();
  common.refuseUnread();
  http1.ignore('allowAbsoluteUrl');
  http1.warnUnread();
}
