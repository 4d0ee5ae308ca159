import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../base/json.ts';
import type { Result } from '../base/result.ts';
import { openRegistry } from './registry.ts';
import { adsService } from './services.ts';
import { CLUSTER, LISTENER, typeUrl } from './type-urls.ts';

const registry = openRegistry();

function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.error.origin.path}: ${result.error.message}`);
  return result.value;
}

function roundTrip(json: JsonObject): JsonObject {
  const packed = value(registry.encode(json));
  return value(registry.decode(packed.typeUrl, packed.value));
}

function faultOf(json: JsonObject): string {
  const result = registry.encode(json);
  if (result.ok) return 'accepted';
  return `${result.error.code} ${result.error.origin.path}: ${result.error.message}`;
}

const HCM = typeUrl(
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
);

function listener(httpFilter: JsonObject): JsonObject {
  return {
    '@type': LISTENER,
    name: 'in',
    address: { socketAddress: { address: '127.0.0.1', portValue: 8080 } },
    filterChains: [
      {
        filters: [
          {
            name: 'hcm',
            typedConfig: {
              '@type': HCM,
              statPrefix: 'in',
              rds: { configSource: { ads: {} }, routeConfigName: 'r' },
              httpFilters: [httpFilter],
            },
          },
        ],
      },
    ],
  };
}

describe('XdsRegistry', () => {
  it('carries a cluster through bytes to the same canonical JSON', () => {
    const cluster = {
      '@type': CLUSTER,
      name: 'outbound|9080||reviews',
      type: 'EDS',
      edsClusterConfig: { edsConfig: { ads: {}, resourceApiVersion: 'V3' } },
      connectTimeout: '0.250s',
      circuitBreakers: { thresholds: [{ maxConnections: 100 }] },
      metadata: { filterMetadata: { istio: { services: [{ host: 'reviews' }] } } },
    };
    expect(roundTrip(cluster)).toEqual({ ...cluster, connectTimeout: '0.250s' });
  });

  it('reads the names of the .proto files too and writes JSON names', () => {
    const json = { '@type': CLUSTER, name: 'a', lb_policy: 'LEAST_REQUEST', connect_timeout: '1s' };
    expect(roundTrip(json)).toEqual({
      '@type': CLUSTER,
      name: 'a',
      lbPolicy: 'LEAST_REQUEST',
      connectTimeout: '1s',
    });
  });

  it('knows the messages of Istio and the fields that Envoy added later', () => {
    const wasm = typeUrl('envoy.extensions.filters.http.wasm.v3.Wasm');
    const config = { name: 'p', failurePolicy: 'FAIL_OPEN', allowOnHeadersStopIteration: true };
    expect(roundTrip({ '@type': wasm, config })).toEqual({ '@type': wasm, config });
    const peer = typeUrl('io.istio.http.peer_metadata.Config');
    const body = { downstreamDiscovery: [{ istioHeaders: {} }], sharedWithUpstream: true };
    expect(roundTrip({ '@type': peer, ...body })).toEqual({ '@type': peer, ...body });
    const stats = typeUrl('stats.PluginConfig');
    const metrics = [{ dimensions: { a: 'request.host' }, tagsToRemove: ['b'] }];
    expect(roundTrip({ '@type': stats, metrics })).toEqual({ '@type': stats, metrics });
    const match = { cookies: [{ name: 'c', stringMatch: { exact: 'v' } }], prefix: '/' };
    const route = typeUrl('envoy.config.route.v3.Route');
    const json = { '@type': route, match, route: { cluster: 'x', pathRewrite: '/y' } };
    expect(roundTrip(json)).toEqual(json);
  });

  it('shows an Any of an unknown type as its bytes, and reads that back', () => {
    const unknown = { '@type': 'type.googleapis.com/acme.Filter', value: 'CgNhYmM=' };
    const json = listener({ name: 'x', typedConfig: unknown });
    expect(roundTrip(json)).toEqual(json);
    expect(registry.normalize(json).json).toEqual(json);
  });

  it('turns a TypedStruct of a type it knows into that type', () => {
    const struct = {
      '@type': typeUrl('udpa.type.v1.TypedStruct'),
      typeUrl: typeUrl('stats.PluginConfig'),
      value: { disable_host_header_fallback: true },
    };
    const decoded = roundTrip(listener({ name: 'x', typedConfig: struct }));
    expect(JSON.stringify(decoded)).toContain(
      JSON.stringify({ disableHostHeaderFallback: true, '@type': typeUrl('stats.PluginConfig') }),
    );
  });

  it('leaves the configuration of a Wasm module as it was sent', () => {
    const wasm = typeUrl('envoy.extensions.filters.http.wasm.v3.Wasm');
    const struct = { typeUrl: typeUrl('stats.PluginConfig'), value: { debug: true } };
    const configuration = { '@type': typeUrl('xds.type.v3.TypedStruct'), ...struct };
    const json = { '@type': wasm, config: { configuration } };
    expect(roundTrip(json)).toEqual(json);
  });

  it('refuses what breaks a rule of the API, with the field path, through every Any', () => {
    expect(faultOf({ '@type': CLUSTER, name: 'a', connectTimeout: '-1s' })).toBe(
      'LAT0605 connect_timeout: value must be greater than 0s',
    );
    expect(faultOf({ '@type': CLUSTER })).toBe(
      'LAT0605 name: value length must be at least 1 characters',
    );
    expect(faultOf(listener({ typedConfig: { '@type': HCM } }))).toContain(
      'LAT0605 filter_chains[0].filters[0].typed_config.http_filters[0].name: value length',
    );
    expect(faultOf({ '@type': LISTENER, address: { socketAddress: { address: 'a' } } })).toBe(
      'LAT0605 address.socket_address.port_specifier: value is required: one of port_value, named_port',
    );
    expect(faultOf({ '@type': typeUrl('envoy.config.route.v3.VirtualHost'), name: 'v' })).toBe(
      'LAT0605 domains: value must contain at least 1 item(s)',
    );
  });

  it('tells every misspelt field at once, with suggestions', () => {
    const { faults } = registry.normalize({
      '@type': CLUSTER,
      name: 7,
      lb_polcy: 'RANDOM',
      type: 'STRICT_DSN',
      load_assignment: { endpoints: [{ lb_endpoints: [{ endpont: {} }] }] },
    });
    expect(faults.map(({ path, message, fix }) => [path.join('/'), message, fix])).toEqual([
      ['name', 'expected a string, found 7', undefined],
      ['lb_polcy', 'Cluster has no field lb_polcy', 'did you mean lb_policy?'],
      ['type', 'STRICT_DSN is no DiscoveryType', 'did you mean STRICT_DNS?'],
      [
        'load_assignment/endpoints/0/lb_endpoints/0/endpont',
        'LbEndpoint has no field endpont',
        'did you mean endpoint?',
      ],
    ]);
  });

  it('reads durations and wrappers by their fields, as files written for Envoy have them', () => {
    const json = {
      '@type': CLUSTER,
      name: 'a',
      connect_timeout: { seconds: 1, nanos: 500000000 },
      per_connection_buffer_limit_bytes: { value: 7 },
    };
    expect(registry.normalize(json)).toEqual({
      json: {
        '@type': CLUSTER,
        name: 'a',
        connectTimeout: '1.500s',
        perConnectionBufferLimitBytes: 7,
      },
      faults: [],
    });
    const wrong = { '@type': CLUSTER, name: 'a', connect_timeout: { second: 1 } };
    expect(registry.normalize(wrong).faults).toMatchObject([{ fix: 'did you mean seconds?' }]);
  });

  it('refuses two members of a oneof', () => {
    expect(
      faultOf({
        '@type': typeUrl('envoy.config.route.v3.RouteMatch'),
        prefix: '/',
        path: '/x',
      }),
    ).toContain('LAT0606 path: only one of prefix, path,');
  });

  it('answers garbage bytes and unknown types with a problem', () => {
    const garbage = registry.decode(CLUSTER, new Uint8Array([10, 200, 1]), 'c');
    expect(garbage).toMatchObject({ ok: false, error: { code: 'LAT0603' } });
    const unknown = registry.decode('type.googleapis.com/a.B', new Uint8Array());
    expect(unknown).toMatchObject({ ok: false, error: { code: 'LAT0604' } });
  });

  it('prints the names of the .proto files, through every Any', () => {
    const unknown = { '@type': 'type.googleapis.com/acme.Filter', value: 'CgNhYmM=' };
    const printed = registry.withProtoNames(listener({ name: 'x', typedConfig: unknown }));
    expect(printed).toMatchObject({
      filter_chains: [
        { filters: [{ typed_config: { http_filters: [{ typed_config: unknown }] } }] },
      ],
    });
  });

  it('hides what the API marks as sensitive', () => {
    const secret = {
      '@type': typeUrl('envoy.extensions.transport_sockets.tls.v3.Secret'),
      name: 's',
      tlsCertificate: {
        certificateChain: { inlineString: 'public' },
        privateKey: { inlineBytes: 'c2VjcmV0' },
      },
    };
    expect(registry.redact(secret)).toEqual({
      ...secret,
      tlsCertificate: {
        certificateChain: { inlineString: 'public' },
        privateKey: { inlineBytes: btoa('[redacted]') },
      },
    });
  });
});

describe('adsService', () => {
  const ads = adsService(registry);

  it('carries a delta response with its resources packed', () => {
    const resource = value(registry.encode({ '@type': CLUSTER, name: 'a' }));
    const response = {
      systemVersionInfo: '7',
      typeUrl: CLUSTER,
      nonce: 'n1',
      controlPlane: 'lateen',
      removedResources: ['b'],
      resources: [{ name: 'a', aliases: [], version: '1', resource, ttlMs: 1500 }],
    };
    const method = ads.DeltaAggregatedResources;
    const received = method.responseDeserialize(method.responseSerialize(response));
    const bytes = received.resources[0]!.resource!.value;
    expect(Buffer.compare(bytes, resource.value)).toBe(0);
    expect(received).toMatchObject({ ...response, resources: [{ name: 'a', ttlMs: 1500 }] });
  });

  it('carries a state-of-the-world request with its node', () => {
    const request = {
      versionInfo: '3',
      typeUrl: LISTENER,
      resourceNames: ['a'],
      responseNonce: 'n',
      node: { id: 'sidecar~10.0.0.1~a.b~c', metadata: { NAMESPACE: 'default', deep: { n: 1 } } },
      errorDetail: { code: 3, message: 'no' },
    };
    const method = ads.StreamAggregatedResources;
    const received = method.requestDeserialize(method.requestSerialize(request));
    expect(received).toMatchObject(request);
  });
});
