import * as z from 'zod';
import { host } from './checks.ts';
import {
  atMostOne,
  bool,
  count,
  duration,
  exportTo,
  list,
  nonEmpty,
  object,
  policySelector,
  portSelector,
  positiveDuration,
  stringMap,
  text,
  uint32,
} from './schema.ts';

const uint64 = z.int().min(0);
const share = z.number().min(0).max(100);

export const connectionPool = object({
  tcp: object({
    maxConnections: count.optional(),
    connectTimeout: positiveDuration.optional(),
    tcpKeepalive: object({
      probes: uint32.optional(),
      time: positiveDuration.optional(),
      interval: positiveDuration.optional(),
    }).optional(),
    maxConnectionDuration: positiveDuration.optional(),
    idleTimeout: duration.optional(),
  }).optional(),
  http: object({
    http1MaxPendingRequests: count.optional(),
    http2MaxRequests: count.optional(),
    maxRequestsPerConnection: count.optional(),
    maxRetries: count.optional(),
    idleTimeout: duration.optional(),
    h2UpgradePolicy: z.enum(['DEFAULT', 'DO_NOT_UPGRADE', 'UPGRADE']).optional(),
    useClientProtocol: bool.optional(),
    maxConcurrentStreams: count.optional(),
    http2KeepAlive: object({
      interval: positiveDuration.optional(),
      timeout: positiveDuration.optional(),
    }).optional(),
  }).optional(),
});

const cookie = object({
  name: nonEmpty,
  path: text.optional(),
  ttl: duration.optional(),
  attributes: list(object({ name: nonEmpty, value: text.optional() })).optional(),
});

const consistentHash = object({
  httpHeaderName: text.optional(),
  httpCookie: cookie.optional(),
  useSourceIp: bool.optional(),
  httpQueryParameterName: text.optional(),
  ringHash: object({ minimumRingSize: uint64.optional() }).optional(),
  maglev: object({ tableSize: uint64.optional() }).optional(),
  minimumRingSize: uint64.optional(),
})
  .superRefine(atMostOne('httpHeaderName', 'httpCookie', 'useSourceIp', 'httpQueryParameterName'))
  .superRefine(atMostOne('ringHash', 'maglev'));

const failovers = list(object({ from: text.optional(), to: text.optional() }));

export const localityLb = object({
  distribute: list(object({ from: text, to: z.record(z.string(), uint32) })).optional(),
  failover: failovers.optional(),
  failoverPriority: list(text).optional(),
  enabled: bool.optional(),
}).superRefine(atMostOne('distribute', 'failover', 'failoverPriority'));

const loadBalancer = object({
  simple: z
    .enum(['UNSPECIFIED', 'LEAST_CONN', 'RANDOM', 'PASSTHROUGH', 'ROUND_ROBIN', 'LEAST_REQUEST'])
    .optional(),
  consistentHash: consistentHash.optional(),
  localityLbSetting: localityLb.optional(),
  zoneAwareLbSetting: object({
    enabled: bool.optional(),
    failover: failovers.optional(),
    failoverPriority: list(text).optional(),
    minClusterSize: uint64.optional(),
  }).optional(),
  warmupDurationSecs: duration.optional(),
  warmup: object({
    duration: positiveDuration,
    minimumPercent: share.optional(),
    aggression: z.number().min(0).optional(),
  }).optional(),
})
  .superRefine(atMostOne('simple', 'consistentHash'))
  .superRefine(atMostOne('warmupDurationSecs', 'warmup'));

export const outlierDetection = object({
  consecutiveErrors: count.optional(),
  splitExternalLocalOriginErrors: bool.optional(),
  consecutiveLocalOriginFailures: uint32.optional(),
  consecutiveGatewayErrors: uint32.optional(),
  consecutive5xxErrors: uint32.optional(),
  interval: positiveDuration.optional(),
  baseEjectionTime: positiveDuration.optional(),
  maxEjectionPercent: z.int().min(0).max(100).optional(),
  minHealthPercent: z.int().min(0).max(100).optional(),
  outlierDetectionHttpErrorCodes: list(z.int().min(100).max(599)).optional(),
});

const clientTls = object({
  mode: z.enum(['DISABLE', 'SIMPLE', 'MUTUAL', 'ISTIO_MUTUAL']).optional(),
  clientCertificate: text.optional(),
  privateKey: text.optional(),
  caCertificates: text.optional(),
  credentialName: text.optional(),
  subjectAltNames: list(text).optional(),
  sni: text.optional(),
  insecureSkipVerify: bool.optional(),
  caCrl: text.optional(),
});

const portPolicy = object({
  port: portSelector.optional(),
  loadBalancer: loadBalancer.optional(),
  connectionPool: connectionPool.optional(),
  outlierDetection: outlierDetection.optional(),
  tls: clientTls.optional(),
});

const trafficPolicy = object({
  loadBalancer: loadBalancer.optional(),
  connectionPool: connectionPool.optional(),
  outlierDetection: outlierDetection.optional(),
  tls: clientTls.optional(),
  portLevelSettings: list(portPolicy).max(4096).optional(),
  tunnel: object({
    protocol: text.optional(),
    targetHost: nonEmpty,
    targetPort: z.int().min(1).max(65535),
  }).optional(),
  proxyProtocol: object({ version: z.enum(['V1', 'V2']).optional() }).optional(),
  retryBudget: object({
    percent: share.optional(),
    minRetryConcurrency: uint32.optional(),
    budgetInterval: duration.optional(),
  }).optional(),
});

export const destinationRule = object({
  host,
  trafficPolicy: trafficPolicy.optional(),
  subsets: list(
    object({
      name: nonEmpty.regex(
        /^[a-zA-Z0-9][-a-zA-Z0-9._]*$/,
        'must be letters, digits, "-", "." and "_"',
      ),
      labels: stringMap.optional(),
      trafficPolicy: trafficPolicy.optional(),
    }),
  ).optional(),
  exportTo,
  workloadSelector: policySelector.optional(),
});

export type DestinationRuleSpec = z.output<typeof destinationRule>;
export type TrafficPolicy = z.output<typeof trafficPolicy>;
export type ConnectionPool = z.output<typeof connectionPool>;
export type LoadBalancer = z.output<typeof loadBalancer>;
export type OutlierDetection = z.output<typeof outlierDetection>;
