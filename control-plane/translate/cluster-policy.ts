import type { JsonObject } from '@lateen/sdk/base/json';
import { HTTP_PROTOCOL_OPTIONS } from '@lateen/sdk/xds/type-urls';
import type { ConnectionPool, LoadBalancer, OutlierDetection } from '../api/destination-rule.ts';
import type { PortPolicy } from '../mesh/destination-rules.ts';
import { compact, seconds, typed } from './json.ts';

/** Istio's "no limit": the largest value of the field. */
const UNLIMITED = 4_294_967_295;

/** The fields of a Cluster that a DestinationRule decides; each default is Istio's. */
export function clusterPolicy(policy: PortPolicy, connectTimeoutMs: number): JsonObject {
  const { connectionPool: pool, loadBalancer, outlierDetection } = policy;
  return compact({
    connectTimeout: seconds(pool?.tcp?.connectTimeout ?? connectTimeoutMs),
    ...balancer(loadBalancer),
    circuitBreakers: circuitBreakers(pool),
    outlierDetection: outlierDetection === undefined ? undefined : outliers(outlierDetection),
    commonLbConfig: outlierDetection === undefined ? undefined : panic(outlierDetection),
    upstreamConnectionOptions: keepAlive(pool),
    typedExtensionProtocolOptions: protocolOptions(pool),
  });
}

const SIMPLE: Readonly<Record<string, string>> = {
  UNSPECIFIED: 'LEAST_REQUEST',
  LEAST_CONN: 'LEAST_REQUEST',
  LEAST_REQUEST: 'LEAST_REQUEST',
  ROUND_ROBIN: 'ROUND_ROBIN',
  RANDOM: 'RANDOM',
  // The original destination of a redirected connection; among listed endpoints any is as good.
  PASSTHROUGH: 'LEAST_REQUEST',
};

function balancer(settings: LoadBalancer | undefined): JsonObject {
  const hash = settings?.consistentHash;
  if (hash === undefined) {
    return { lbPolicy: SIMPLE[settings?.simple ?? 'UNSPECIFIED'] };
  }
  if (hash.maglev !== undefined) {
    const size = hash.maglev.tableSize;
    return compact({
      lbPolicy: 'MAGLEV',
      maglevLbConfig: size === undefined ? undefined : { tableSize: String(size) },
    });
  }
  const minimum = hash.ringHash?.minimumRingSize ?? hash.minimumRingSize ?? 1024;
  return { lbPolicy: 'RING_HASH', ringHashLbConfig: { minimumRingSize: String(minimum) } };
}

function circuitBreakers(pool: ConnectionPool | undefined): JsonObject {
  const http = pool?.http;
  return {
    thresholds: [
      {
        maxConnections: pool?.tcp?.maxConnections ?? UNLIMITED,
        maxPendingRequests: http?.http1MaxPendingRequests ?? UNLIMITED,
        maxRequests: http?.http2MaxRequests ?? UNLIMITED,
        maxRetries: http?.maxRetries ?? UNLIMITED,
        trackRemaining: true,
      },
    ],
  };
}

function outliers(settings: OutlierDetection): JsonObject {
  const { consecutive5xxErrors: errors, consecutiveGatewayErrors: gateway } = settings;
  const local = settings.consecutiveLocalOriginFailures;
  return compact({
    consecutive5xx: errors ?? settings.consecutiveErrors,
    enforcingConsecutive5xx: errors === undefined ? undefined : errors > 0 ? 100 : 0,
    consecutiveGatewayFailure: gateway,
    enforcingConsecutiveGatewayFailure: gateway === undefined ? undefined : gateway > 0 ? 100 : 0,
    splitExternalLocalOriginErrors: settings.splitExternalLocalOriginErrors,
    consecutiveLocalOriginFailure: local,
    enforcingConsecutiveLocalOriginFailure: local === undefined ? undefined : local > 0 ? 100 : 0,
    interval: settings.interval === undefined ? undefined : seconds(settings.interval),
    baseEjectionTime:
      settings.baseEjectionTime === undefined ? undefined : seconds(settings.baseEjectionTime),
    maxEjectionPercent: settings.maxEjectionPercent,
    enforcingSuccessRate: 0,
  });
}

function panic(settings: OutlierDetection): JsonObject {
  return { healthyPanicThreshold: { value: settings.minHealthPercent ?? 0 } };
}

function keepAlive(pool: ConnectionPool | undefined): JsonObject | undefined {
  const settings = pool?.tcp?.tcpKeepalive;
  if (settings === undefined) return undefined;
  const whole = (ms: number | undefined): number | undefined =>
    ms === undefined ? undefined : Math.max(1, Math.round(ms / 1000));
  return {
    tcpKeepalive: compact({
      keepaliveProbes: settings.probes,
      keepaliveTime: whole(settings.time),
      keepaliveInterval: whole(settings.interval),
    }),
  };
}

/** Only where something was asked for: a cluster without options speaks HTTP/1.1. */
function protocolOptions(pool: ConnectionPool | undefined): JsonObject | undefined {
  const idle = pool?.http?.idleTimeout ?? pool?.tcp?.idleTimeout;
  const requests = pool?.http?.maxRequestsPerConnection;
  const duration = pool?.tcp?.maxConnectionDuration;
  if (idle === undefined && requests === undefined && duration === undefined) return undefined;
  const common = compact({
    idleTimeout: idle === undefined ? undefined : seconds(idle),
    maxConnectionDuration: duration === undefined ? undefined : seconds(duration),
    maxRequestsPerConnection: requests === undefined || requests === 0 ? undefined : requests,
  });
  return {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': typed(HTTP_PROTOCOL_OPTIONS, {
      commonHttpProtocolOptions: common,
      explicitHttpConfig: { httpProtocolOptions: {} },
    }),
  };
}
