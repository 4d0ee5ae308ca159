import { Client, credentials, Server, ServerCredentials } from '@grpc/grpc-js';
import { systemClock } from '@lateen/sdk/base/clock';
import type { JsonObject } from '@lateen/sdk/base/json';
import { silentLog } from '@lateen/sdk/base/log';
import { ok } from '@lateen/sdk/base/result';
import { openRegistry } from '@lateen/sdk/xds/registry';
import { HTTP_CONNECTION_MANAGER, ROUTER } from '@lateen/sdk/xds/type-urls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { waitFor } from '../../test/kit/wait-for.ts';
import { type AdsServer, openAdsServer } from './ads-server.ts';
import { SnapshotEncoder } from './snapshot.ts';
import { CLUSTER_TYPE, ENDPOINT_TYPE, LISTENER_TYPE, ROUTE_TYPE } from './type-urls.ts';

/**
 * gRPC's own xDS client, a stranger to this code, as a state-of-the-world client of our server.
 */
const ads = { ads: {}, resourceApiVersion: 'V3' };
const METHOD = '/test.Echo/Who';
const same = (bytes: Buffer): Buffer => bytes;

const registry = openRegistry();
const encoder = new SnapshotEncoder((json) => {
  const packed = registry.encode(json);
  return packed.ok ? ok(packed.value.value) : packed;
});

let weights: Readonly<Record<string, number>> = { a: 100, b: 0 };
let server: AdsServer;
let client: Client;
const backends: Server[] = [];
const ports = new Map<string, number>();
const refusals: string[] = [];

function listener(): JsonObject {
  const apiListener = {
    '@type': HTTP_CONNECTION_MANAGER,
    statPrefix: 'echo',
    rds: { configSource: ads, routeConfigName: 'routes' },
    httpFilters: [{ name: 'router', typedConfig: { '@type': ROUTER } }],
  };
  return { '@type': LISTENER_TYPE, name: 'echo', apiListener: { apiListener } };
}

function routes(): JsonObject {
  const clusters = Object.entries(weights).map(([name, weight]) => ({ name, weight }));
  const route = { match: { prefix: '' }, route: { weightedClusters: { clusters } } };
  const virtualHosts = [{ name: 'all', domains: ['*'], routes: [route] }];
  return { '@type': ROUTE_TYPE, name: 'routes', virtualHosts };
}

function cluster(name: string): JsonObject {
  const edsClusterConfig = { edsConfig: ads, serviceName: name };
  return { '@type': CLUSTER_TYPE, name, type: 'EDS', lbPolicy: 'ROUND_ROBIN', edsClusterConfig };
}

function assignment(clusterName: string): JsonObject {
  const portValue = ports.get(clusterName) ?? 0;
  const endpoint = { address: { socketAddress: { address: '127.0.0.1', portValue } } };
  const locality = { locality: {}, loadBalancingWeight: 1, lbEndpoints: [{ endpoint }] };
  return { '@type': ENDPOINT_TYPE, clusterName, endpoints: [locality] };
}

function snapshot() {
  const names = ['a', 'b'];
  const outcome = encoder.snapshot(
    new Map([
      [CLUSTER_TYPE, new Map(names.map((name) => [name, cluster(name)]))],
      [ENDPOINT_TYPE, new Map(names.map((name) => [name, assignment(name)]))],
      [LISTENER_TYPE, new Map([['echo', listener()]])],
      [ROUTE_TYPE, new Map([['routes', routes()]])],
    ]),
  );
  expect(outcome.problems).toEqual([]);
  return outcome.value;
}

/** A gRPC server that answers with its own name. */
async function openBackend(name: string): Promise<void> {
  const backend = new Server();
  const path = { path: METHOD, requestStream: false, responseStream: false };
  const plain = { requestSerialize: same, requestDeserialize: same };
  const back = { responseSerialize: same, responseDeserialize: same };
  backend.addService(
    { Who: { ...path, ...plain, ...back } },
    {
      Who: (_: unknown, answer: (error: null, value: Buffer) => void) =>
        answer(null, Buffer.from(name)),
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    backend.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  backends.push(backend);
  ports.set(name, port);
}

function call(): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { deadline: Date.now() + 8_000 };
    client.makeUnaryRequest(METHOD, same, same, Buffer.from('x'), options, (error, value) => {
      if (error === null) resolve(String(value));
      else reject(error);
    });
  });
}

beforeAll(async () => {
  await openBackend('a');
  await openBackend('b');
  const opened = await openAdsServer({
    address: '127.0.0.1',
    port: 0,
    token: undefined,
    clock: systemClock,
    log: silentLog,
    decode: (typeUrl, bytes) => registry.decode(typeUrl, bytes),
    snapshotFor: () => ok(snapshot()),
    events: {
      onConnect: () => {},
      onDisconnect: () => {},
      onAck: () => {},
      onNack: (_, typeUrl, { message }) => refusals.push(`${typeUrl}: ${message}`),
    },
  });
  if (!opened.ok) throw new Error(opened.error.message);
  server = opened.value;
  process.env['GRPC_XDS_BOOTSTRAP_CONFIG'] = JSON.stringify({
    xds_servers: [
      {
        server_uri: `127.0.0.1:${server.port}`,
        channel_creds: [{ type: 'insecure' }],
        server_features: ['xds_v3'],
      },
    ],
    node: { id: 'grpc-client', locality: {} },
  });
  const { register } = await import('@grpc/grpc-js-xds');
  register();
  client = new Client('xds:///echo', credentials.createInsecure());
});

afterAll(async () => {
  client.close();
  for (const backend of backends) backend.forceShutdown();
  await server.close();
});

test('a gRPC client finds its servers through listener, route, cluster and endpoints', async () => {
  expect(await call()).toBe('a');
  expect(refusals).toEqual([]);
});

test('changed weights send it elsewhere', async () => {
  weights = { a: 0, b: 100 };
  await server.push();
  await waitFor('an answer of b', async () => (await call()) === 'b');
  expect(refusals).toEqual([]);
});

test('an endpoint that moves is followed', async () => {
  ports.set('b', ports.get('a') ?? 0);
  await server.push();
  await waitFor('an answer of a', async () => (await call()) === 'a');
});

test('it is seen as connected, in state of the world, and in sync', async () => {
  const states = () =>
    server
      .proxies()
      .flatMap(({ stream }) => [...stream.deliveries().values()].map((each) => each.state));
  await waitFor('all acknowledged', () => states().every((state) => state === 'synced'));
  expect(server.proxies()[0]?.stream.dialect).toBe('sotw');
  expect(states()).toHaveLength(4);
});
