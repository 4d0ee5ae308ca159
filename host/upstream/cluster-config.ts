import type { JsonObject } from '@lateen/sdk/base/json';
import { JsonReader } from '@lateen/sdk/base/json-reader';
import { hasErrors, type Problem } from '@lateen/sdk/base/problem';
import type { Outcome } from '@lateen/sdk/base/result';
import { type Assignment, readAssignment } from './assignment.ts';
import { type BalancerConfig, readBalancer } from './balancer-config.ts';
import { type HttpOptions, readHttpOptions } from './http-options.ts';
import { refuseTls } from './transport-socket.ts';

/** `envoy.config.cluster.v3.Cluster`, as far as we serve it; never changed once made. */
export interface ClusterConfig {
  readonly name: string;
  /** The name in statistics. */
  readonly statName: string;
  readonly kind: ClusterKind;
  /** Name of the ClusterLoadAssignment of an EDS cluster. */
  readonly edsServiceName: string;
  readonly connectTimeoutMs: number;
  /** Soft limit of what is buffered per connection and direction. */
  readonly bufferBytesMax: number;
  readonly balancer: BalancerConfig;
  /** Of the default priority. */
  readonly breakers: BreakerLimits;
  readonly http: HttpOptions;
  /** `load_assignment`; null in EDS clusters. */
  readonly assignment: Assignment | null;
  readonly dns: DnsConfig;
  /** Delay before the first TCP keep-alive probe; null = no probes. */
  readonly keepAliveMs: number | null;
  /** `filter_metadata` (canonical JSON). */
  readonly metadata: JsonObject;
}

export type ClusterKind = 'static' | 'strict-dns' | 'logical-dns' | 'eds';

/** Circuit breakers: so much at the same time, all hosts of the cluster together. */
export interface BreakerLimits {
  readonly connectionsMax: number;
  readonly pendingMax: number;
  readonly requestsMax: number;
  readonly retriesMax: number;
}

export interface DnsConfig {
  readonly refreshMs: number;
  /** After a failure; doubles up to `failureRefreshMaxMs`. */
  readonly failureRefreshMs: number;
  readonly failureRefreshMaxMs: number;
  /** The answer's TTL takes the place of `refreshMs`. */
  readonly respectTtl: boolean;
  readonly family: DnsFamily;
}

export type DnsFamily = 'auto' | 'v4-only' | 'v6-only' | 'v4-preferred' | 'all';

const KINDS: Readonly<Record<string, ClusterKind>> = {
  STATIC: 'static',
  STRICT_DNS: 'strict-dns',
  LOGICAL_DNS: 'logical-dns',
  EDS: 'eds',
};

const FAMILIES: Readonly<Record<string, DnsFamily>> = {
  AUTO: 'auto',
  V4_ONLY: 'v4-only',
  V6_ONLY: 'v6-only',
  V4_PREFERRED: 'v4-preferred',
  ALL: 'all',
};

const DEFAULT_CONNECT_TIMEOUT_MS = 5000;
const DEFAULT_BUFFER_BYTES_MAX = 1024 * 1024;
const DEFAULT_DNS_REFRESH_MS = 5000;

/** Leaving them out sends no request elsewhere, and secures none less. */
const WITHOUT_EFFECT = [
  'outlierDetection',
  'healthChecks',
  'cleanupInterval',
  'upstreamBindConfig',
  'preconnectPolicy',
  'trackClusterStats',
  'trackTimeoutBudgets',
  'waitForWarmOnInit',
  'connectionPoolPerDownstreamConnection',
  'ignoreHealthOnHostRemoval',
  'dnsResolvers',
  'useTcpForDnsLookups',
  'dnsResolutionConfig',
  'typedDnsResolverConfig',
  'dnsJitter',
  'loadStats',
  'lrsServer',
  'lrsReportEndpointMetrics',
  'protocolSelection',
];

/**
 * Parses the canonical JSON of a Cluster. The value is null where any problem is an error: a
 * cluster is taken whole or not at all.
 */
export function parseCluster(json: JsonObject): Outcome<ClusterConfig | null> {
  const problems: Problem[] = [];
  const name = typeof json['name'] === 'string' ? json['name'] : '';
  const reader = new JsonReader(json, { resource: `Cluster ${name}`, problems });
  const kind = readKind(reader);
  const value: ClusterConfig = {
    name: reader.string('name'),
    statName: reader.string('altStatName', name),
    kind,
    edsServiceName: readEdsName(reader, kind, name),
    connectTimeoutMs: readConnectTimeout(reader),
    bufferBytesMax: reader.number('perConnectionBufferLimitBytes', DEFAULT_BUFFER_BYTES_MAX),
    balancer: readBalancer(reader),
    breakers: readBreakers(reader.object('circuitBreakers')),
    http: readHttpOptions(reader),
    assignment: readOwnAssignment(reader, kind),
    dns: readDns(reader),
    keepAliveMs: readKeepAlive(reader.object('upstreamConnectionOptions')),
    metadata: reader.object('metadata').object('filterMetadata').json,
  };
  if (name === '') reader.error('a name is required', 'name');
  refuseTls(reader);
  warnWithoutEffect(reader);
  reader.refuseUnread();
  return { value: hasErrors(problems) ? null : value, problems };
}

function readKind(reader: JsonReader): ClusterKind {
  if (reader.has('clusterType')) {
    const name = reader.object('clusterType').string('name');
    reader.error(`cluster type ${name} is not supported`, 'clusterType');
    return 'static';
  }
  const text = reader.string('type', 'STATIC');
  const kind = Object.hasOwn(KINDS, text) ? KINDS[text] : undefined;
  if (kind === undefined) reader.error(`${text} clusters are not supported yet`, 'type');
  return kind ?? 'static';
}

function readEdsName(reader: JsonReader, kind: ClusterKind, name: string): string {
  const eds = reader.object('edsClusterConfig');
  if (kind === 'eds' && !reader.has('edsClusterConfig')) {
    reader.error('an EDS cluster needs it', 'edsClusterConfig');
  }
  // Where the assignment comes from is the business of whoever delivers it.
  eds.ignore('edsConfig');
  const service = eds.string('serviceName', name);
  return service === '' ? name : service;
}

function readConnectTimeout(reader: JsonReader): number {
  const value = reader.durationMs('connectTimeout', DEFAULT_CONNECT_TIMEOUT_MS);
  if (value <= 0) reader.error('must be greater than 0', 'connectTimeout');
  return value;
}

function readOwnAssignment(reader: JsonReader, kind: ClusterKind): Assignment | null {
  if (kind === 'eds') {
    if (reader.has('loadAssignment')) {
      reader.error('an EDS cluster gets its endpoints from EDS', 'loadAssignment');
    }
    reader.ignore('loadAssignment');
    return null;
  }
  const names = kind === 'static' ? 'ip-only' : 'names';
  const assignment = readAssignment(reader.object('loadAssignment'), names);
  const count = assignment.localities.reduce((sum, item) => sum + item.endpoints.length, 0);
  if (kind === 'logical-dns' && count !== 1) {
    reader.error('a LOGICAL_DNS cluster has exactly one endpoint', 'loadAssignment');
  }
  return assignment;
}

/** Envoy's defaults; https://www.envoyproxy.io/docs: circuit_breaker.proto. */
function readBreakers(reader: JsonReader): BreakerLimits {
  let limits: BreakerLimits = {
    connectionsMax: 1024,
    pendingMax: 1024,
    requestsMax: 1024,
    retriesMax: 3,
  };
  for (const item of reader.objects('thresholds')) {
    const read: BreakerLimits = {
      connectionsMax: item.number('maxConnections', 1024),
      pendingMax: item.number('maxPendingRequests', 1024),
      requestsMax: item.number('maxRequests', 1024),
      retriesMax: item.number('maxRetries', 3),
    };
    // No route has the priority HIGH here, so its thresholds are never asked for.
    if (item.string('priority', 'DEFAULT') === 'DEFAULT') limits = read;
    item.ignore('trackRemaining', 'maxConnectionPools');
    item.warnUnread();
  }
  reader.warnUnread();
  return limits;
}

function readDns(reader: JsonReader): DnsConfig {
  const refreshMs = reader.durationMs('dnsRefreshRate', DEFAULT_DNS_REFRESH_MS);
  const failure = reader.object('dnsFailureRefreshRate');
  const failureRefreshMs = failure.durationMs('baseInterval', refreshMs);
  const family = reader.string('dnsLookupFamily', 'AUTO');
  return {
    refreshMs,
    failureRefreshMs,
    failureRefreshMaxMs: failure.durationMs('maxInterval', failureRefreshMs * 10),
    respectTtl: reader.boolean('respectDnsTtl'),
    family: Object.hasOwn(FAMILIES, family) ? FAMILIES[family] : 'auto',
  };
}

function readKeepAlive(reader: JsonReader): number | null {
  reader.ignore('setLocalInterfaceNameOnUpstreamConnections', 'happyEyeballsConfig');
  if (!reader.has('tcpKeepalive')) return null;
  const keepAlive = reader.object('tcpKeepalive');
  const seconds = keepAlive.number('keepaliveTime', 7200);
  keepAlive.warnUnread();
  return seconds * 1000;
}

function warnWithoutEffect(reader: JsonReader): void {
  for (const field of WITHOUT_EFFECT) {
    if (reader.has(field)) reader.problem('warning', 'LAT0602', 'has no effect yet', field);
    reader.ignore(field);
  }
}
