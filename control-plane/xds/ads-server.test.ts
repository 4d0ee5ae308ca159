import { systemClock } from '@lateen/sdk/base/clock';
import type { JsonObject } from '@lateen/sdk/base/json';
import { silentLog } from '@lateen/sdk/base/log';
import { fail, ok } from '@lateen/sdk/base/result';
import { openRegistry } from '@lateen/sdk/xds/registry';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { waitFor } from '../../test/kit/wait-for.ts';
import {
  type AdsOptions,
  type AdsServer,
  type ConnectedProxy,
  openAdsServer,
} from './ads-server.ts';
import type { Refusal } from './delivery.ts';
import { type Snapshot, SnapshotEncoder } from './snapshot.ts';
import { TestClient } from './testing/delta-client.ts';
import {
  CLUSTER_TYPE,
  ENDPOINT_TYPE,
  EXTENSION_TYPE,
  LISTENER_TYPE,
  ROUTE_TYPE,
} from './type-urls.ts';

const registry = openRegistry();
const NODE = { id: 'sidecar~127.0.0.1~a.default~default.svc.cluster.local', cluster: 'a.default' };
const ads = { ads: {}, resourceApiVersion: 'V3' };

function cluster(name: string, timeout = '1s'): JsonObject {
  const edsClusterConfig = { edsConfig: ads, serviceName: name };
  return { '@type': CLUSTER_TYPE, name, type: 'EDS', connectTimeout: timeout, edsClusterConfig };
}

function assignment(clusterName: string, ports: readonly number[]): JsonObject {
  const lbEndpoints = ports.map((portValue) => ({
    endpoint: { address: { socketAddress: { address: '127.0.0.1', portValue } } },
  }));
  return { '@type': ENDPOINT_TYPE, clusterName, endpoints: [{ lbEndpoints }] };
}

function listener(name: string): JsonObject {
  const address = { socketAddress: { address: '127.0.0.1', portValue: 8080 } };
  return { '@type': LISTENER_TYPE, name, address };
}

function route(name: string, domains: readonly string[] = ['*']): JsonObject {
  return { '@type': ROUTE_TYPE, name, virtualHosts: [{ name: 'all', domains }] };
}

type World = Record<string, Record<string, JsonObject>>;

let world: World;
let encoder: SnapshotEncoder;
let server: AdsServer;
let clients: TestClient[];
let nacks: { proxy: ConnectedProxy; typeUrl: string; refusal: Refusal }[];

function smallWorld(): World {
  return {
    [CLUSTER_TYPE]: { a: cluster('a'), b: cluster('b') },
    [ENDPOINT_TYPE]: { a: assignment('a', [1001]), b: assignment('b', [1002]) },
    [LISTENER_TYPE]: { l: listener('l') },
    [ROUTE_TYPE]: { r: route('r') },
  };
}

function snapshot(): Snapshot {
  const resources = Object.entries(world).map(
    ([typeUrl, byName]) => [typeUrl, new Map(Object.entries(byName))] as const,
  );
  const outcome = encoder.snapshot(new Map(resources));
  expect(outcome.problems).toEqual([]);
  return outcome.value;
}

async function open(token?: string): Promise<void> {
  const opened = await openAdsServer({
    address: '127.0.0.1',
    port: 0,
    token,
    clock: systemClock,
    log: silentLog,
    decode: (typeUrl, bytes) => registry.decode(typeUrl, bytes),
    snapshotFor: (node) =>
      node.id.startsWith('bad')
        ? fail({ level: 'error', code: 'LAT0604', message: 'no such node', origin: {} })
        : ok(snapshot()),
    events: {
      onConnect: () => {},
      onDisconnect: () => {},
      onAck: () => {},
      onNack: (proxy, typeUrl, refusal) => nacks.push({ proxy, typeUrl, refusal }),
    },
  });
  if (!opened.ok) throw new Error(opened.error.message);
  server = opened.value;
}

function connect(options?: ConstructorParameters<typeof TestClient>[1]): TestClient {
  const client = new TestClient(server.port, options);
  clients.push(client);
  return client;
}

/** A client that holds the whole small world. */
async function connectWhole(): Promise<TestClient> {
  const client = connect();
  client.send({ node: NODE, typeUrl: CLUSTER_TYPE });
  client.send({ typeUrl: ENDPOINT_TYPE, resourceNamesSubscribe: ['a', 'b'] });
  client.send({ typeUrl: LISTENER_TYPE });
  client.send({ typeUrl: ROUTE_TYPE, resourceNamesSubscribe: ['r'] });
  await client.next(ROUTE_TYPE);
  await waitFor('everything acknowledged', () => states().every((state) => state === 'synced'));
  client.responses.length = 0;
  return client;
}

function states(): readonly string[] {
  return server
    .proxies()
    .flatMap(({ stream }) => [...stream.deliveries().values()].map((d) => d.state));
}

beforeEach(async () => {
  world = smallWorld();
  encoder = new SnapshotEncoder((json) => {
    const packed = registry.encode(json);
    return packed.ok ? ok(packed.value.value) : packed;
  });
  clients = [];
  nacks = [];
  await open();
});

afterEach(async () => {
  for (const client of clients) client.close();
  await server.close();
});

describe('delta', () => {
  test('an endpoint change sends one assignment and nothing else', async () => {
    const client = await connectWhole();
    world[ENDPOINT_TYPE] = { ...world[ENDPOINT_TYPE], b: assignment('b', [1002, 1003]) };
    await server.push();
    const response = await client.next(ENDPOINT_TYPE);
    expect(client.responses).toHaveLength(1);
    expect(response.names).toEqual(['b']);
    const encoded = registry.encode(assignment('b', [1002, 1003]));
    const assignmentBytes = encoded.ok ? encoded.value.value.length : 0;
    // Type URL twice (Any, response), name, version, nonce, system version and tags around it.
    expect(response.bytes - assignmentBytes).toBeLessThan(200);
  });

  test('clusters go before endpoints, listeners, routes; removals come last', async () => {
    const client = await connectWhole();
    world = {
      [CLUSTER_TYPE]: { b: cluster('b', '2s'), c: cluster('c') },
      [ENDPOINT_TYPE]: { b: assignment('b', [1]), c: assignment('c', [2]) },
      [LISTENER_TYPE]: { l2: listener('l2') },
      [ROUTE_TYPE]: { r: route('r', ['x']) },
    };
    await server.push();
    await waitFor('the removal of a cluster', () => client.of(CLUSTER_TYPE).length === 2);
    expect(
      client.responses.map(({ typeUrl, names, removed }) => [typeUrl, names, removed]),
    ).toEqual([
      [CLUSTER_TYPE, ['b', 'c'], []],
      [ENDPOINT_TYPE, ['b'], []],
      [LISTENER_TYPE, ['l2'], ['l']],
      [ROUTE_TYPE, ['r'], []],
      [ENDPOINT_TYPE, [], ['a']],
      [CLUSTER_TYPE, [], ['a']],
    ]);
  });

  test('a changed cluster is followed by its assignment though that did not change', async () => {
    const client = await connectWhole();
    world[CLUSTER_TYPE] = { ...world[CLUSTER_TYPE], a: cluster('a', '9s') };
    await server.push();
    expect((await client.next(ENDPOINT_TYPE)).names).toEqual(['a']);
    expect(client.responses.map(({ typeUrl }) => typeUrl)).toEqual([CLUSTER_TYPE, ENDPOINT_TYPE]);
  });

  test('a push without a change sends nothing', async () => {
    const client = await connectWhole();
    await server.push();
    world[ROUTE_TYPE] = { r: route('r', ['x']) };
    await server.push();
    await client.next(ROUTE_TYPE);
    expect(client.responses).toHaveLength(1);
  });

  test('one resource is encoded once for many proxies', async () => {
    await connectWhole();
    await connectWhole();
    expect(encoder.encodedCount).toBe(6);
    world[ENDPOINT_TYPE] = { ...world[ENDPOINT_TYPE], b: assignment('b', [7]) };
    await server.push();
    expect(encoder.encodedCount).toBe(7);
  });

  test('a reconnecting proxy that says what it holds gets only what changed', async () => {
    const whole = snapshot();
    const versions = Object.fromEntries(
      [...(whole.types.get(CLUSTER_TYPE)?.values() ?? [])].map((each) => [each.name, each.version]),
    );
    const client = connect();
    const held = { ...versions, a: 'other' };
    client.send({ node: NODE, typeUrl: CLUSTER_TYPE, initialResourceVersions: held });
    expect((await client.next(CLUSTER_TYPE)).names).toEqual(['a']);
    const known = whole.types.get(ENDPOINT_TYPE)?.get('b')?.version ?? '';
    const same = whole.types.get(ENDPOINT_TYPE)?.get('a')?.version ?? '';
    client.send({
      typeUrl: ENDPOINT_TYPE,
      resourceNamesSubscribe: ['a', 'b'],
      initialResourceVersions: { a: same, b: known },
    });
    // Its cluster was just sent, so it needs its assignment though it has it.
    expect((await client.next(ENDPOINT_TYPE)).names).toEqual(['a']);
  });

  test('a refusal is kept with its text and its resource, and not answered with the same again', async () => {
    const client = await connectWhole();
    client.autoAck = false;
    world[ROUTE_TYPE] = { r: route('r', ['bad']) };
    await server.push();
    const { nonce } = await client.next(ROUTE_TYPE);
    const errorDetail = { code: 3, message: 'r: virtualHosts[0]: no' };
    client.send({ typeUrl: ROUTE_TYPE, responseNonce: nonce, errorDetail });
    await waitFor('the refusal', () => nacks.length === 1);
    expect(nacks[0]?.refusal.resources).toEqual(['r']);
    await server.push();
    world[CLUSTER_TYPE] = { ...world[CLUSTER_TYPE], c: cluster('c') };
    await server.push();
    await client.next(CLUSTER_TYPE);
    expect(client.of(ROUTE_TYPE)).toHaveLength(1);
  });

  test('an unknown name and an unknown type are answered as absent', async () => {
    const client = connect();
    client.send({ node: NODE, typeUrl: EXTENSION_TYPE, resourceNamesSubscribe: ['x'] });
    expect((await client.next(EXTENSION_TYPE)).removed).toEqual(['x']);
    const other = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret';
    client.send({ typeUrl: other, resourceNamesSubscribe: ['default'] });
    expect((await client.next(other)).removed).toEqual(['default']);
  });
});

describe('state of the world', () => {
  test('names in, resources out; a later change of one assignment sends that one', async () => {
    const client = connect({ dialect: 'sotw' });
    client.sotwNames.set(ENDPOINT_TYPE, ['a', 'b']);
    client.send({ node: NODE, typeUrl: CLUSTER_TYPE });
    client.send({ typeUrl: ENDPOINT_TYPE, resourceNames: ['a', 'b'] });
    expect((await client.next(CLUSTER_TYPE)).names).toEqual(['a', 'b']);
    expect((await client.next(ENDPOINT_TYPE)).names).toEqual(['a', 'b']);
    await waitFor('both acknowledged', () => states().every((state) => state === 'synced'));
    world[ENDPOINT_TYPE] = { ...world[ENDPOINT_TYPE], b: assignment('b', [7]) };
    await server.push();
    expect((await client.next(ENDPOINT_TYPE, 1)).names).toEqual(['b']);
    expect(client.responses).toHaveLength(3);
  });
});

describe('who may come in', () => {
  test('only a proxy that knows the token', async () => {
    await server.close();
    await open('secret');
    const stranger = connect();
    await waitFor('the refusal', () => stranger.ended);
    expect(stranger.ended?.code).toBe(16);
    const friend = connect({ token: 'secret' });
    friend.send({ node: NODE, typeUrl: CLUSTER_TYPE });
    await friend.next(CLUSTER_TYPE);
  });

  test('addresses beyond this machine are refused for plaintext', async () => {
    for (const address of ['0.0.0.0', '::', '10.0.0.1', 'example.com']) {
      const opened = await openAdsServer({ address } as AdsOptions);
      expect(opened).toMatchObject({ ok: false, error: { code: 'LAT0611' } });
    }
  });

  test.each([
    ['garbage', Buffer.from('ffffffff', 'hex')],
    ['a truncated message', Buffer.from([0x0a, 0x20, 0x01])],
  ])('%s ends the stream, not the server', async (_, bytes) => {
    const client = connect();
    client.sendBytes(bytes);
    await waitFor('the end', () => client.ended);
    expect(client.ended?.code).toBe(3);
    await connectWhole();
  });

  test.each([
    ['no node', { typeUrl: CLUSTER_TYPE }],
    ['a node that is refused', { node: { id: 'bad' }, typeUrl: CLUSTER_TYPE }],
    ['no type', { node: NODE }],
  ])('%s in the first request ends the stream with the reason', async (_, request) => {
    const client = connect();
    client.send(request);
    await waitFor('the end', () => client.ended);
    expect(client.ended?.code).toBe(3);
    expect(client.ended?.details).not.toBe('');
    await waitFor('the proxy to be forgotten', () => server.proxies().length === 0);
  });
});
