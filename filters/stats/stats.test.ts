import { readFile } from 'node:fs/promises';
import { TestHost, TestHostError, type TestHostOptions } from '@lateen/host/testing/test-host';
import type { JsonObject } from '@lateen/sdk/base/json';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const CONFIG = 'type.googleapis.com/stats.PluginConfig';
const PEER = 'type.googleapis.com/io.istio.http.peer_metadata.Config';
const ROUTE_CONFIGURATION = 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration';
const HEADERS = [{ istioHeaders: {} }];
const module = (name: string) => readFile(new URL(`../dist/${name}.wasm`, import.meta.url));

const REVIEWS = {
  id: 'sidecar~10.0.0.1~reviews-v1.default~default.svc.cluster.local',
  metadata: {
    NAMESPACE: 'default',
    WORKLOAD_NAME: 'reviews-v1',
    CLUSTER_ID: 'Kubernetes',
    LABELS: { app: 'reviews', version: 'v1', 'service.istio.io/canonical-name': 'reviews' },
  },
};
const PRODUCTPAGE = {
  id: 'sidecar~10.0.0.7~productpage-v1.shop~shop.svc.cluster.local',
  metadata: {
    NAMESPACE: 'shop',
    WORKLOAD_NAME: 'productpage-v1',
    CLUSTER_ID: 'Kubernetes',
    LABELS: { app: 'productpage', version: 'v1' },
  },
};
const SERVICES = {
  istio: {
    services: [
      { host: 'reviews.default.svc.cluster.local', name: 'reviews', namespace: 'default' },
    ],
  },
};

interface Setup extends Partial<TestHostOptions> {
  readonly config?: JsonObject;
  readonly peer?: JsonObject;
}

async function hostWith({ config = {}, peer, ...options }: Setup): Promise<TestHost> {
  const stats = { name: 'stats', module: 'stats', configuration: { '@type': CONFIG, ...config } };
  const exchange = {
    name: 'peer',
    module: 'peer-metadata',
    configuration: { '@type': PEER, ...peer },
  };
  return TestHost.open({
    modules: [
      { name: 'stats', bytes: await module('stats') },
      { name: 'peer-metadata', bytes: await module('peer-metadata') },
      { name: 'router', bytes: await module('router'), serves: [ROUTE_CONFIGURATION] },
    ],
    filters: [
      ...(peer === undefined ? [] : [exchange]),
      stats,
      { name: 'router', module: 'router' },
    ],
    routes: {
      name: 'r',
      virtualHosts: [
        {
          name: 'v',
          domains: ['*'],
          routes: [
            { match: { path: '/direct' }, directResponse: { status: 404 } },
            { match: { prefix: '/' }, route: { cluster: 'c' } },
          ],
        },
      ],
    },
    ...options,
  });
}

/** Labels of the only series of a metric. */
function labelsOf(host: TestHost, metric: string): Record<string, string> {
  const names = [...host.metrics.values.keys(), ...host.metrics.histograms.keys()];
  const own = names.filter((name) => name.endsWith(`;.;${metric}`));
  expect(own).toHaveLength(1);
  const parts = own[0].split(';.;').slice(0, -1);
  return Object.fromEntries(parts.map((part) => part.split('=.=')));
}

const requestsOf = (host: TestHost) =>
  [...host.metrics.values].filter(([name]) => name.endsWith(';.;istio_requests_total'));

/** The header in which a node tells of itself. */
async function peerHeader(node: JsonObject): Promise<string> {
  const host = await hostWith({
    node,
    peer: { upstreamPropagation: HEADERS },
    direction: 'outbound',
  });
  host.request();
  const { headers } = host.upstream.attempts[0].request;
  return headers.find(([name]) => name === 'x-envoy-peer-metadata')?.[1] ?? '';
}

test('a client proxy counts with the labels of both ends', async () => {
  const host = await hostWith({
    direction: 'outbound',
    node: PRODUCTPAGE,
    peer: { upstreamDiscovery: HEADERS },
    upstream: {
      answer: () => ({ status: 200, headers: { 'x-envoy-peer-metadata': reviews } }),
      clusterMetadata: SERVICES,
    },
  });
  const reviews = await peerHeader(REVIEWS);
  host.request();
  host.request();
  expect(labelsOf(host, 'istio_requests_total')).toEqual({
    reporter: 'source',
    source_workload: 'productpage-v1',
    source_workload_namespace: 'shop',
    source_app: 'productpage',
    source_version: 'v1',
    source_canonical_service: 'productpage',
    source_canonical_revision: 'v1',
    source_cluster: 'Kubernetes',
    source_principal: 'unknown',
    destination_workload: 'reviews-v1',
    destination_workload_namespace: 'default',
    destination_app: 'reviews',
    destination_version: 'v1',
    destination_canonical_service: 'reviews',
    destination_canonical_revision: 'v1',
    destination_cluster: 'Kubernetes',
    destination_principal: 'unknown',
    destination_service: 'reviews.default.svc.cluster.local',
    destination_service_name: 'reviews',
    destination_service_namespace: 'default',
    request_protocol: 'http',
    response_code: '200',
    grpc_response_status: '',
    response_flags: '-',
    connection_security_policy: 'unknown',
  });
  expect(requestsOf(host)[0][1]).toBe(2);
});

test('an endpoint that tells nothing of itself is known by its metadata', async () => {
  const host = await hostWith({
    direction: 'outbound',
    node: PRODUCTPAGE,
    upstream: {
      answer: () => ({ fail: 'reset' }),
      clusterMetadata: SERVICES,
      hostMetadata: {
        istio: { workload: 'reviews-v2;default;reviews;v2;Kubernetes' },
        lateen: { labels: { app: 'reviews', version: 'v2' } },
      },
    },
  });
  host.request();
  expect(labelsOf(host, 'istio_requests_total')).toMatchObject({
    destination_workload: 'reviews-v2',
    destination_workload_namespace: 'default',
    destination_app: 'reviews',
    destination_version: 'v2',
    destination_canonical_service: 'reviews',
    destination_canonical_revision: 'v2',
    response_code: '503',
    response_flags: 'UC',
  });
});

test('a server proxy counts with the client that told of itself, and what TLS proved', async () => {
  const host = await hostWith({
    node: REVIEWS,
    config: { disableHostHeaderFallback: true },
    peer: { downstreamDiscovery: HEADERS },
    connection: {
      mtls: true,
      uriSanPeerCertificate: 'spiffe://cluster.local/ns/shop/sa/productpage',
      uriSanLocalCertificate: 'spiffe://cluster.local/ns/default/sa/reviews',
    },
    upstream: { answer: () => ({ status: 200 }), clusterMetadata: SERVICES },
  });
  host.request({ headers: [['x-envoy-peer-metadata', await peerHeader(PRODUCTPAGE)]] });
  expect(labelsOf(host, 'istio_requests_total')).toMatchObject({
    reporter: 'destination',
    source_workload: 'productpage-v1',
    source_canonical_service: 'productpage',
    source_principal: 'spiffe://cluster.local/ns/shop/sa/productpage',
    destination_workload: 'reviews-v1',
    destination_principal: 'spiffe://cluster.local/ns/default/sa/reviews',
    destination_service: 'reviews.default.svc.cluster.local',
    connection_security_policy: 'mutual_tls',
  });
});

test('a client outside the mesh is unknown', async () => {
  const host = await hostWith({ node: REVIEWS });
  host.request();
  expect(labelsOf(host, 'istio_requests_total')).toMatchObject({
    source_workload: 'unknown',
    source_canonical_service: 'unknown',
    source_canonical_revision: 'unknown',
    source_principal: 'unknown',
    connection_security_policy: 'none',
  });
});

test('durations and sizes go into histograms of the same labels', async () => {
  const host = await hostWith({ upstream: { answer: () => 'silent' } });
  host.request({ body: ['12345'] });
  host.clock.advance(70);
  host.upstream.attempts[0].answer({ status: 200, body: '1234567' });
  const recorded = (metric: string) =>
    [...host.metrics.histograms].find(([name]) => name.endsWith(`;.;${metric}`))?.[1];
  expect(recorded('istio_request_duration_milliseconds')).toEqual([70]);
  expect(recorded('istio_request_bytes')).toEqual([5]);
  expect(recorded('istio_response_bytes')).toEqual([7]);
  const labels = labelsOf(host, 'istio_requests_total');
  expect(labelsOf(host, 'istio_request_duration_milliseconds')).toEqual(labels);
});

test('gRPC calls are counted by their status', async () => {
  const host = await hostWith({
    upstream: {
      answer: () => ({ status: 200, body: 'x', trailers: { 'grpc-status': '14' } }),
    },
  });
  host.request({ method: 'POST', headers: [['content-type', 'application/grpc+proto']] });
  expect(labelsOf(host, 'istio_requests_total')).toMatchObject({
    request_protocol: 'grpc',
    grpc_response_status: '14',
  });
});

test.each([
  [{}, 'shop.example:8080', 'shop.example:8080'],
  [{ disableHostHeaderFallback: true }, 'unknown', 'unknown'],
])('with %j a request that no service answers is for %s', async (config, host_, name) => {
  const host = await hostWith({ config, direction: 'outbound' });
  host.request({ path: '/direct', authority: 'shop.example:8080' });
  expect(labelsOf(host, 'istio_requests_total')).toMatchObject({
    destination_service: host_,
    destination_service_name: name,
    response_code: '404',
  });
});

test('metrics and labels can be left out', async () => {
  const host = await hostWith({
    config: {
      metrics: [
        { name: 'request_bytes', drop: true },
        { name: 'requests_total', tagsToRemove: ['response_flags', 'source_app'] },
        { tagsToRemove: ['source_version'] },
      ],
    },
  });
  host.request();
  const names = [...host.metrics.values.keys(), ...host.metrics.histograms.keys()];
  expect(names.some((name) => name.endsWith('istio_request_bytes'))).toBe(false);
  const labels = labelsOf(host, 'istio_requests_total');
  expect(labels).not.toHaveProperty('response_flags');
  expect(labels).not.toHaveProperty('source_app');
  expect(labels).not.toHaveProperty('source_version');
  const others = labelsOf(host, 'istio_response_bytes');
  expect(others).toHaveProperty('response_flags');
  expect(others).not.toHaveProperty('source_version');
});

test('streams that differ in a label are counted apart, others together', async () => {
  const kind = fc.record({
    status: fc.constantFrom(200, 201, 500),
    authority: fc.constantFrom('a', 'b', 'a'.repeat(8), 'a'.repeat(16), `${'a'.repeat(15)}b`),
    grpc: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(kind, { maxLength: 60 }), async (kinds) => {
      let status = 200;
      const host = await hostWith({
        direction: 'outbound',
        upstream: { answer: () => ({ status }) },
      });
      for (const one of kinds) {
        status = one.status;
        const type = one.grpc ? 'application/grpc' : 'text/plain';
        host.request({ authority: one.authority, headers: [['content-type', type]] });
      }
      const counts = Map.groupBy(kinds, (one) => JSON.stringify(Object.values(one)));
      const counted = requestsOf(host).map(([, value]) => value);
      expect(counted.sort()).toEqual([...counts.values()].map((list) => list.length).sort());
    }),
    { numRuns: 20 },
  );
});

test('a client that makes up hosts makes so many series and no more, and is still counted', async () => {
  const host = await hostWith({ direction: 'outbound' });
  for (let i = 0; i < 2100; i++) host.request({ authority: `host-${i}` });
  const series = requestsOf(host);
  expect(series.length).toBe(2001);
  expect(series.reduce((sum, [, count]) => sum + count, 0)).toBe(2100);
});

test('nobody writes labels of his own', async () => {
  const host = await hostWith({ direction: 'outbound' });
  host.request({ authority: 'x;.;response_code=.=200;.;y' });
  expect(labelsOf(host, 'istio_requests_total')).toMatchObject({
    destination_service: 'x_._response_code',
    response_code: '200',
  });
  expect(requestsOf(host)[0][0].split(';.;')).toHaveLength(26);
});

test('a name with the longest labels is still taken by the host', async () => {
  const long = 'l'.repeat(250);
  const node = {
    id: 'n',
    metadata: {
      NAMESPACE: long,
      WORKLOAD_NAME: long,
      CLUSTER_ID: long,
      LABELS: { app: long, version: long },
    },
  };
  const host = await hostWith({
    node,
    peer: { downstreamDiscovery: HEADERS },
    connection: { mtls: true, uriSanPeerCertificate: long, uriSanLocalCertificate: long },
  });
  host.request({ headers: [['x-envoy-peer-metadata', await peerHeader(node)]], authority: long });
  expect(requestsOf(host)).toHaveLength(1);
  expect(requestsOf(host)[0][0].length).toBeLessThanOrEqual(4096);
});

test.each([
  [{ definitions: [{ name: 'x', value: '1' }] }, 'definitions'],
  [{ metrics: [{ dimensions: { a: 'request.host' } }] }, 'metrics[0].dimensions'],
  [{ metrics: [{ drop: true }, { match: 'true' }] }, 'metrics[1].match'],
] as [JsonObject, string][])('refuses %j and names the field', async (config, path) => {
  const refused = await hostWith({ config }).catch((error) => error);
  expect(refused).toBeInstanceOf(TestHostError);
  expect(refused.problems[0].origin.path).toContain(path);
});
