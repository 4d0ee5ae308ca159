import { readFile } from 'node:fs/promises';
import { headerOf } from '@lateen/host/testing/memory-message';
import { TestHost } from '@lateen/host/testing/test-host';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const CONFIG = 'type.googleapis.com/io.istio.http.peer_metadata.Config';
const ROUTE_CONFIGURATION = 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration';
const METADATA = 'x-envoy-peer-metadata';
const ID = 'x-envoy-peer-metadata-id';
const HEADERS = [{ istioHeaders: {} }];
const INBOUND = { downstreamDiscovery: HEADERS, downstreamPropagation: HEADERS };
const OUTBOUND = { upstreamDiscovery: HEADERS, upstreamPropagation: HEADERS };
const module = (name: string) => readFile(new URL(`../dist/${name}.wasm`, import.meta.url));

const NODE = {
  id: 'sidecar~10.0.0.1~reviews-v1.default~default.svc.cluster.local',
  metadata: {
    NAMESPACE: 'default',
    WORKLOAD_NAME: 'reviews-v1',
    CLUSTER_ID: 'Kubernetes',
    LABELS: { app: 'reviews', version: 'v1', 'service.istio.io/canonical-name': 'reviews' },
  },
};

type Answer = Readonly<Record<string, string>>;

async function hostWith(config: object, answer: Answer = {}): Promise<TestHost> {
  return TestHost.open({
    modules: [
      { name: 'peer-metadata', bytes: await module('peer-metadata') },
      { name: 'router', bytes: await module('router'), serves: [ROUTE_CONFIGURATION] },
    ],
    filters: [
      {
        name: 'peer',
        module: 'peer-metadata',
        configuration: { '@type': CONFIG, ...(config as Record<string, never>) },
      },
      { name: 'router', module: 'router' },
    ],
    routes: {
      name: 'r',
      virtualHosts: [
        {
          name: 'v',
          domains: ['*'],
          routes: [{ match: { prefix: '/' }, route: { cluster: 'c' } }],
        },
      ],
    },
    node: NODE,
    upstream: { answer: () => ({ status: 200, headers: answer }) },
  });
}

/** What an outbound proxy of this node sends. */
async function ownHeader(): Promise<string> {
  const host = await hostWith(OUTBOUND);
  host.request();
  return headerOf(host.upstream.attempts[0].request, METADATA) ?? '';
}

const peerOf = (exchange: ReturnType<TestHost['request']>, name: string) =>
  Buffer.from(exchange.stream.filters.filterState(name) ?? [])
    .toString()
    .split('\0');

test('an outbound proxy tells the upstream who it is, as a protobuf Struct', async () => {
  const host = await hostWith(OUTBOUND);
  host.request();
  const { request } = host.upstream.attempts[0];
  expect(headerOf(request, ID)).toBe(NODE.id);
  const bytes = Buffer.from(headerOf(request, METADATA) ?? '', 'base64').toString('latin1');
  expect(bytes).toContain('WORKLOAD_NAME');
  expect(bytes).toContain('reviews-v1');
});

test('an inbound proxy learns who the client is and keeps that from the application', async () => {
  const header = await ownHeader();
  const host = await hostWith(INBOUND);
  const exchange = host.request({
    headers: [
      [METADATA, header],
      [ID, 'x'],
    ],
  });
  const { request } = host.upstream.attempts[0];
  expect(headerOf(request, METADATA)).toBeUndefined();
  expect(headerOf(request, ID)).toBeUndefined();
  expect(peerOf(exchange, 'downstream_peer')).toEqual([
    'reviews-v1',
    'default',
    'reviews',
    'v1',
    'reviews',
    '',
    'Kubernetes',
  ]);
});

test('a client that told of itself is told in turn, another one is not', async () => {
  const host = await hostWith(INBOUND);
  expect(headerOf(host.request().response, METADATA)).toBeUndefined();
  const told = host.request({ headers: [[METADATA, await ownHeader()]] });
  expect(headerOf(told.response, METADATA)).toBe(await ownHeader());
  expect(headerOf(told.response, ID)).toBe(NODE.id);
});

test('an outbound proxy learns who the upstream is and takes its headers off', async () => {
  const host = await hostWith(OUTBOUND, { [METADATA]: await ownHeader(), [ID]: 'x' });
  const exchange = host.request();
  expect(peerOf(exchange, 'upstream_peer')[0]).toBe('reviews-v1');
  expect(headerOf(exchange.response, METADATA)).toBeUndefined();
  expect(headerOf(exchange.response, ID)).toBeUndefined();
});

test('what is no metadata of a peer is taken off all the same, and nothing breaks', async () => {
  const host = await hostWith(INBOUND);
  const good = Buffer.from(await ownHeader(), 'base64');
  const broken = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString('base64')),
    fc.nat(good.length - 1).map((cut) => good.subarray(0, cut).toString('base64')),
    fc.tuple(fc.nat(good.length - 1), fc.nat(255)).map(([at, byte]) => {
      const changed = Buffer.from(good);
      changed[at] = byte;
      return changed.toString('base64');
    }),
    fc.constantFrom('', 'not base64 at all', 'A'.repeat(40_000)),
  );
  fc.assert(
    fc.property(broken, (header) => {
      const { response } = host.request({ headers: [[METADATA, header]] });
      expect(headerOf(response, ':status')).toBe('200');
      const { request } = host.upstream.attempts.at(-1)!;
      expect(headerOf(request, METADATA)).toBeUndefined();
    }),
  );
});
