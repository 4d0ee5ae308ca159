import type { JsonObject } from '@lateen/sdk/base/json';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAssignment } from './assignment.ts';
import { type ClusterConfig, parseCluster } from './cluster-config.ts';

const TYPES = 'type.googleapis.com/envoy.extensions.';

function good(json: JsonObject): ClusterConfig {
  const { value, problems } = parseCluster({ name: 'c', ...json });
  if (value === null) throw new Error(JSON.stringify(problems));
  return value;
}

function refusal(json: JsonObject): readonly string[] {
  const { value, problems } = parseCluster({ name: 'c', ...json });
  expect(value).toBeNull();
  const errors = problems.filter((problem) => problem.level === 'error');
  return errors.map(({ origin, message }) => `${origin.path}: ${message}`);
}

function endpoints(...hosts: readonly string[]): JsonObject {
  const lbEndpoints = hosts.map((host) => ({
    endpoint: { address: { socketAddress: { address: host, portValue: 80 } } },
  }));
  return { clusterName: 'c', endpoints: [{ lbEndpoints }] };
}

function httpOptions(options: JsonObject): JsonObject {
  const key = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
  return { typedExtensionProtocolOptions: { [key]: options } };
}

describe('cluster configuration', () => {
  it("takes Envoy's defaults for what is not set", () => {
    expect(good({})).toEqual({
      name: 'c',
      statName: 'c',
      kind: 'static',
      edsServiceName: 'c',
      connectTimeoutMs: 5000,
      bufferBytesMax: 1024 * 1024,
      balancer: { policy: { kind: 'round-robin' }, panicThreshold: 50, localityWeighted: false },
      breakers: { connectionsMax: 1024, pendingMax: 1024, requestsMax: 1024, retriesMax: 3 },
      http: {
        idleTimeoutMs: 3_600_000,
        connectionDurationMsMax: 0,
        requestsPerConnectionMax: 0,
        headersMax: 0,
        headerBytesMax: 0,
        trailers: false,
        protocol: 'http1',
        http2: {
          streamsMax: 1024,
          streamWindowBytes: 1024 * 1024,
          connectionWindowBytes: 16 * 1024 * 1024,
          headerTableBytes: 4096,
          keepAlive: null,
        },
      },
      assignment: { clusterName: '', localities: [], overprovisioningFactor: 140 },
      dns: {
        refreshMs: 5000,
        failureRefreshMs: 5000,
        failureRefreshMaxMs: 50_000,
        respectTtl: false,
        family: 'auto',
      },
      keepAliveMs: null,
      metadata: {},
    });
  });

  it("takes what Istio's control plane sends for an outbound service", () => {
    const { value, problems } = parseCluster({
      name: 'outbound|9080|v1|reviews.default.svc.cluster.local',
      altStatName: 'reviews',
      type: 'EDS',
      edsClusterConfig: { edsConfig: { ads: {} }, serviceName: 'reviews-service' },
      connectTimeout: '10s',
      lbPolicy: 'LEAST_REQUEST',
      circuitBreakers: {
        thresholds: [
          {
            maxConnections: 4294967295,
            maxPendingRequests: 7,
            maxRequests: 8,
            maxRetries: 9,
            trackRemaining: true,
          },
          { priority: 'HIGH', maxRequests: 1 },
        ],
      },
      commonLbConfig: { localityWeightedLbConfig: {}, healthyPanicThreshold: {} },
      metadata: { filterMetadata: { istio: { services: [] } } },
      upstreamConnectionOptions: { tcpKeepalive: { keepaliveTime: 30 } },
      ...httpOptions({
        '@type': `${TYPES}upstreams.http.v3.HttpProtocolOptions`,
        explicitHttpConfig: { httpProtocolOptions: { enableTrailers: true } },
        commonHttpProtocolOptions: { idleTimeout: '60s', maxRequestsPerConnection: 5 },
      }),
    });
    expect(problems).toEqual([]);
    expect(value).toMatchObject({
      statName: 'reviews',
      kind: 'eds',
      edsServiceName: 'reviews-service',
      connectTimeoutMs: 10_000,
      balancer: {
        policy: { kind: 'least-request', choices: 2, bias: 1 },
        panicThreshold: 0,
        localityWeighted: true,
      },
      breakers: { connectionsMax: 4294967295, pendingMax: 7, requestsMax: 8, retriesMax: 9 },
      http: { idleTimeoutMs: 60_000, requestsPerConnectionMax: 5, trailers: true },
      assignment: null,
      keepAliveMs: 30_000,
      metadata: { istio: { services: [] } },
    });
  });

  it('takes DNS settings', () => {
    const config = good({
      type: 'STRICT_DNS',
      loadAssignment: endpoints('example.com', '10.0.0.1'),
      dnsRefreshRate: '1s',
      dnsFailureRefreshRate: { baseInterval: '2s', maxInterval: '8s' },
      dnsLookupFamily: 'V4_ONLY',
      respectDnsTtl: true,
    });
    expect(config.kind).toBe('strict-dns');
    expect(config.dns).toEqual({
      refreshMs: 1000,
      failureRefreshMs: 2000,
      failureRefreshMaxMs: 8000,
      respectTtl: true,
      family: 'v4-only',
    });
    expect(config.assignment?.localities[0].endpoints).toMatchObject([
      { host: 'example.com', hostname: 'example.com' },
      { host: '10.0.0.1', hostname: '' },
    ]);
  });

  it.each<[JsonObject, object]>([
    [{ lbPolicy: 'RANDOM' }, { kind: 'random' }],
    [
      { lbPolicy: 'RING_HASH', ringHashLbConfig: { minimumRingSize: '64' } },
      { kind: 'ring-hash', ringSizeMin: 64, ringSizeMax: 8388608 },
    ],
    [
      { lbPolicy: 'MAGLEV', maglevLbConfig: { tableSize: '251' } },
      { kind: 'maglev', tableSize: 251 },
    ],
    [
      { lbPolicy: 'LEAST_REQUEST', leastRequestLbConfig: { choiceCount: 5 } },
      { kind: 'least-request', choices: 5, bias: 1 },
    ],
    [policies('acme.v3.Policy', 'least_request.v3.LeastRequest'), { kind: 'least-request' }],
  ])('takes the balancer of %j', (json, policy) => {
    expect(good(json).balancer.policy).toMatchObject(policy);
  });

  it.each<[string, JsonObject, string]>([
    ['no name', { name: '' }, 'name: a name is required'],
    ['ORIGINAL_DST', { type: 'ORIGINAL_DST' }, 'type: ORIGINAL_DST clusters are not supported yet'],
    [
      'a custom type',
      { clusterType: { name: 'envoy.clusters.redis' } },
      'clusterType: cluster type envoy.clusters.redis is not supported',
    ],
    ['EDS without its config', { type: 'EDS' }, 'edsClusterConfig: an EDS cluster needs it'],
    [
      'EDS with endpoints',
      { type: 'EDS', edsClusterConfig: {}, loadAssignment: endpoints('10.0.0.1') },
      'loadAssignment: an EDS cluster gets its endpoints from EDS',
    ],
    ['no time to connect', { connectTimeout: '0s' }, 'connectTimeout: must be greater than 0'],
    [
      'another balancer',
      { lbPolicy: 'CLUSTER_PROVIDED' },
      'lbPolicy: CLUSTER_PROVIDED is not supported',
    ],
    [
      'a table that is no prime',
      { lbPolicy: 'MAGLEV', maglevLbConfig: { tableSize: '10' } },
      'maglevLbConfig.tableSize: must be a prime of at most 5000011',
    ],
    [
      'policies of which it knows none',
      policies('acme.v3.Policy'),
      'loadBalancingPolicy.policies: none of these policies is supported',
    ],
    ['subsets', { lbSubsetConfig: {} }, 'lbSubsetConfig: subset load balancing is not supported'],
    [
      'TLS',
      { transportSocket: { name: 'envoy.transport_sockets.tls' } },
      'transportSocket: transport socket envoy.transport_sockets.tls is not supported yet: only cleartext',
    ],
    [
      'TLS for some hosts',
      {
        transportSocketMatches: [
          { name: 'raw', transportSocket: { name: 'envoy.transport_sockets.raw_buffer' } },
          { name: 'mtls', transportSocket: { name: 'tls' } },
        ],
      },
      'transportSocketMatches[1].transportSocket: transport socket tls is not supported yet: only cleartext',
    ],
    [
      'HTTP/3',
      httpOptions({ explicitHttpConfig: { http3ProtocolOptions: {} } }),
      'typedExtensionProtocolOptions.envoy.extensions.upstreams.http.v3.HttpProtocolOptions.explicitHttpConfig.http3ProtocolOptions: HTTP/3 to the upstream is not supported',
    ],
    [
      'a window below that of RFC 9113',
      { http2ProtocolOptions: { initialStreamWindowSize: 1024 } },
      'http2ProtocolOptions.initialStreamWindowSize: must be between 65535 and 2147483647',
    ],
    [
      'no streams at all',
      { http2ProtocolOptions: { maxConcurrentStreams: 0 } },
      'http2ProtocolOptions.maxConcurrentStreams: must be between 1 and 2147483647',
    ],
    [
      'PINGs without a limit',
      { http2ProtocolOptions: { connectionKeepalive: { interval: '5s' } } },
      'http2ProtocolOptions.connectionKeepalive.timeout: a timeout greater than 0 is required',
    ],
    [
      'a name in a static cluster',
      { loadAssignment: endpoints('example.com') },
      'loadAssignment.endpoints[0].lbEndpoints[0].endpoint.address.socketAddress.address: "example.com" is not an IP address',
    ],
    [
      'two names in a LOGICAL_DNS cluster',
      { type: 'LOGICAL_DNS', loadAssignment: endpoints('a.com', 'b.com') },
      'loadAssignment: a LOGICAL_DNS cluster has exactly one endpoint',
    ],
    ['upstream network filters', { filters: [{ name: 'x' }] }, 'filters: is not supported'],
  ])('refuses %s, with the field path', (_, json, text) => {
    expect(refusal(json)).toEqual([text]);
  });

  it('warns of what has no effect yet, and goes on', () => {
    const { value, problems } = parseCluster({
      name: 'c',
      outlierDetection: { consecutive5xx: 3 },
      healthChecks: [{}],
    });
    expect(value).not.toBeNull();
    expect(problems).toMatchObject([
      {
        level: 'warning',
        code: 'LAT0602',
        origin: { resource: 'Cluster c', path: 'outlierDetection' },
      },
      { level: 'warning', origin: { path: 'healthChecks' } },
    ]);
  });

  it('never throws, whatever the JSON', () => {
    const fields = ['type', 'loadAssignment', 'circuitBreakers', 'lbPolicy', 'commonLbConfig'];
    const more = ['typedExtensionProtocolOptions', 'connectTimeout', 'transportSocketMatches'];
    fc.assert(
      fc.property(fc.constantFrom(...fields, ...more), fc.jsonValue(), (field, value) => {
        parseCluster({ name: 'c', [field]: value });
      }),
    );
  });
});

describe('endpoint configuration', () => {
  it('takes places, weights, health and metadata', () => {
    const socketAddress = { address: '::1', portValue: 9080 };
    const { value, problems } = parseAssignment({
      clusterName: 'reviews',
      endpoints: [
        {
          locality: { region: 'r', zone: 'z', subZone: 's' },
          loadBalancingWeight: 3,
          lbEndpoints: [
            {
              endpoint: { address: { socketAddress }, hostname: 'h' },
              healthStatus: 'DRAINING',
              loadBalancingWeight: 7,
              metadata: { filterMetadata: { istio: { workload: 'w' } } },
            },
          ],
        },
        { priority: 1, lbEndpoints: [{ endpoint: { address: { socketAddress } } }] },
      ],
      policy: { overprovisioningFactor: 100 },
    });
    expect(problems).toEqual([]);
    expect(value).toEqual({
      clusterName: 'reviews',
      overprovisioningFactor: 100,
      localities: [
        {
          locality: { region: 'r', zone: 'z', subZone: 's' },
          weight: 3,
          priority: 0,
          endpoints: [
            {
              host: '::1',
              port: 9080,
              hostname: 'h',
              weight: 7,
              health: 'unhealthy',
              metadata: { istio: { workload: 'w' } },
            },
          ],
        },
        {
          locality: { region: '', zone: '', subZone: '' },
          weight: 0,
          priority: 1,
          endpoints: [
            { host: '::1', port: 9080, hostname: '', weight: 1, health: 'healthy', metadata: {} },
          ],
        },
      ],
    });
  });

  it.each([
    ['HEALTHY', 'healthy'],
    ['UNKNOWN', 'healthy'],
    ['UNHEALTHY', 'unhealthy'],
    ['DRAINING', 'unhealthy'],
    ['TIMEOUT', 'unhealthy'],
    ['DEGRADED', 'degraded'],
  ])('reads the health %s as %s', (healthStatus, health) => {
    const endpoint = { address: { socketAddress: { address: '10.0.0.1', portValue: 1 } } };
    const { value } = parseAssignment({
      clusterName: 'c',
      endpoints: [{ lbEndpoints: [{ endpoint, healthStatus }] }],
    });
    expect(value?.localities[0].endpoints[0].health).toBe(health);
  });

  it.each<[string, JsonObject, string]>([
    [
      'dropping some of the traffic',
      { policy: { dropOverloads: [{ category: 'x' }] } },
      'policy.dropOverloads: is not supported',
    ],
    [
      'priorities with a gap',
      { endpoints: [{ priority: 0 }, { priority: 2 }] },
      'endpoints: priority 1 is missing: priorities count up from 0',
    ],
    [
      'endpoints listed elsewhere',
      { endpoints: [{ ledsClusterLocalityConfig: {} }] },
      'endpoints[0].ledsClusterLocalityConfig: is not supported',
    ],
  ])('refuses %s', (_, part, text) => {
    const { value, problems } = parseAssignment({ clusterName: 'c', ...part });
    expect(value).toBeNull();
    expect(problems.map(({ origin, message }) => `${origin.path}: ${message}`)).toEqual([text]);
  });
});

function policies(...names: readonly string[]): JsonObject {
  return {
    loadBalancingPolicy: {
      policies: names.map((name) => ({
        typedExtensionConfig: {
          name,
          typedConfig: { '@type': `${TYPES}load_balancing_policies.${name}` },
        },
      })),
    },
  };
}
