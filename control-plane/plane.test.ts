import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '@lateen/sdk/base/clock';
import type { JsonObject } from '@lateen/sdk/base/json';
import { silentLog } from '@lateen/sdk/base/log';
import type { Problem } from '@lateen/sdk/base/problem';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TemporaryDirectory } from '../test/kit/temporary-directory.ts';
import { waitFor } from '../test/kit/wait-for.ts';
import { type Client, connect } from './cli/client.ts';
import { openPlane, type Plane } from './plane.ts';
import type { PluginStatus } from './status/plugin-status.ts';
import type { ResourceStatus } from './status/resource-status.ts';
import { TestClient } from './xds/testing/delta-client.ts';
import {
  CLUSTER_TYPE,
  ENDPOINT_TYPE,
  EXTENSION_TYPE,
  LISTENER_TYPE,
  ROUTE_TYPE,
} from './xds/type-urls.ts';

const NODE: JsonObject = {
  id: 'router~127.0.0.1~gateway.default~default.svc.cluster.local',
  cluster: 'gateway.default',
  metadata: { NAMESPACE: 'default', LABELS: { istio: 'ingressgateway' } },
};

const REGISTRY = `
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: Endpoints
metadata: {name: web}
subsets:
- addresses: [{ip: 127.0.0.1}]
  ports: [{name: http, port: 1234}]
`;

const ROUTES = `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: gw}
spec:
  selector: {istio: ingressgateway}
  servers:
  - port: {number: 80, name: http, protocol: HTTP}
    hosts: ["*"]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web}
spec:
  hosts: ["*"]
  gateways: [gw]
  http:
  - route:
    - destination: {host: web}
`;

const SMALL_MODULE = Buffer.from('0061736d01000000', 'hex');

function plugin(spec: string): string {
  return `
apiVersion: extensions.istio.io/v1alpha1
kind: WasmPlugin
metadata: {name: hello}
spec:
  ${spec}
`;
}

function dataUrl(module: Buffer): string {
  return `url: data:application/wasm;base64,${module.toString('base64')}`;
}

let directory: TemporaryDirectory;
let plane: Plane;
let api: Client;
let token: string;
const open: TestClient[] = [];
const cleanups: (() => unknown)[] = [];
let told: Problem[];

beforeEach(async () => {
  told = [];
  directory = await TemporaryDirectory.make({
    'a/registry.yaml': REGISTRY,
    'a/routes.yaml': ROUTES,
  });
  const opened = await openPlane({
    paths: [directory.join('a')],
    stateDirectory: directory.join('state'),
    address: '127.0.0.1',
    adminPort: 0,
    adsPort: 0,
    version: 'test',
    clock: systemClock,
    log: silentLog,
    onProblems: (appeared) => told.push(...appeared),
  });
  if (!opened.ok) throw new Error(opened.error.message);
  plane = opened.value;
  token = (await directory.read('state/token')).trim();
  const environment = { cwd: directory.path, color: false, terminal: false, underNpm: false };
  const none = { command: 'lateen', home: undefined, address: undefined, tokenFile: undefined };
  const client = await connect(
    { ...environment, ...none },
    { address: plane.adminUrl, tokenFile: plane.tokenFile },
  );
  if (!client.ok) throw new Error(client.error.message);
  api = client.value;
});

afterEach(async () => {
  for (const client of open.splice(0)) client.close();
  for (const cleanup of cleanups.splice(0)) cleanup();
  await plane.close();
  await directory[Symbol.asyncDispose]();
});

/** A proxy that asks for everything it hears of, as ours does. */
function proxy(): TestClient {
  const client = new TestClient(Number(plane.adsAddress.split(':')[1]), { token });
  open.push(client);
  client.send({ node: NODE, typeUrl: CLUSTER_TYPE });
  client.send({ typeUrl: LISTENER_TYPE });
  client.send({
    typeUrl: ENDPOINT_TYPE,
    resourceNamesSubscribe: ['outbound|80||web.default.svc.cluster.local'],
  });
  client.send({ typeUrl: ROUTE_TYPE, resourceNamesSubscribe: ['http.80'] });
  const extension = 'extensions.istio.io/wasmplugin/default.hello';
  client.send({ typeUrl: EXTENSION_TYPE, resourceNamesSubscribe: [extension] });
  return client;
}

async function apply(text: string): Promise<JsonObject> {
  const reply = await api.send('POST', '/v1/resources?file=test.yaml', text);
  if (!reply.ok) throw new Error(reply.error.message);
  return reply.value.json;
}

async function resources(kind: string): Promise<readonly ResourceStatus[]> {
  const reply = await api.get(`/v1/resources?kind=${kind}`);
  if (!reply.ok) throw new Error(reply.error.message);
  return reply.value.json['resources'] as unknown as readonly ResourceStatus[];
}

/** Names of the HTTP filters in the first listener of a response. */
function httpFilterNames(response: JsonObject): readonly string[] {
  const text = JSON.stringify(response);
  const manager = JSON.parse(text).resources[0].resource.filterChains[0].filters.at(-1).typedConfig;
  return manager.httpFilters.map(({ name }: { name: string }) => name);
}

async function pluginState(): Promise<PluginStatus | undefined> {
  return (await resources('WasmPlugin'))[0]?.plugin;
}

test('a file that is edited reaches the proxies in under a second', async () => {
  const client = proxy();
  await client.next(ROUTE_TYPE);
  const from = performance.now();
  await directory.write(
    'a/routes.yaml',
    ROUTES.replace('  - route:', '  - timeout: 7s\n    route:'),
  );
  const changed = await client.next(ROUTE_TYPE, 1);
  expect(performance.now() - from).toBeLessThan(1000);
  expect(JSON.stringify(changed.json)).toContain('"timeout":"7s"');
});

test('an edited endpoint sends one assignment', async () => {
  const client = proxy();
  await waitFor('the first state', async () => (await syncedProxies()) === 1);
  const before = client.responses.length;
  await directory.write('a/registry.yaml', REGISTRY.replace('1234', '1235'));
  await client.next(ENDPOINT_TYPE, client.of(ENDPOINT_TYPE).length);
  await waitFor('the acknowledgement', async () => (await syncedProxies()) === 1);
  expect(client.responses.slice(before).map(({ typeUrl }) => typeUrl)).toEqual([ENDPOINT_TYPE]);
});

async function syncedProxies(): Promise<number> {
  const reply = await api.get('/v1/sync');
  return reply.ok ? Number(reply.value.json['synced']) : 0;
}

test('a broken file changes nothing and is reported with its place', async () => {
  const client = proxy();
  await client.next(ROUTE_TYPE);
  await waitFor('the first state', async () => (await syncedProxies()) === 1);
  const before = client.responses.length;
  await writeFile(
    directory.join('a/routes.yaml'),
    ROUTES.replace('hosts: ["*"]\n  gateways', 'hostz: ["*"]\n  gateways'),
  );
  const reply = await waitFor('the problem', async () => {
    const got = await api.get('/v1/problems');
    const problems = got.ok ? (got.value.json['problems'] as unknown as readonly JsonObject[]) : [];
    return problems.find((each) => String(each['message']).includes('hostz'));
  });
  expect(reply['origin']).toMatchObject({ file: directory.join('a/routes.yaml'), line: 15 });
  expect(client.responses).toHaveLength(before);
  const toldOfIt = () => told.filter(({ message }) => message.includes('hostz'));
  await waitFor('being told', () => toldOfIt().length > 0);
  expect(toldOfIt()).toHaveLength(1);
});

describe('plugins', () => {
  test('go from data url to a proxy, which fetches the module by its digest', async () => {
    const client = proxy();
    const outcome = await apply(plugin(dataUrl(SMALL_MODULE)));
    expect(outcome['applied']).toMatchObject([{ name: 'hello', change: 'created' }]);
    const response = await waitFor('the extension', () =>
      client.of(EXTENSION_TYPE).find(({ names }) => names.length > 0),
    );
    const text = JSON.stringify(response.json);
    const uri = /"uri":"([^"]+)"/.exec(text)?.[1] ?? '';
    const module = await fetch(uri);
    expect(Buffer.from(await module.arrayBuffer())).toEqual(SMALL_MODULE);
    const state = await waitFor('the acknowledgement', async () => {
      const plugin_ = await pluginState();
      return plugin_?.active === 1 ? plugin_ : undefined;
    });
    expect(state).toMatchObject({
      fetched: 'yes',
      verified: 'yes',
      compiled: 'yes',
      configured: 'yes',
      proxies: 1,
      serving: 'newest',
    });
  });

  test.each([
    [
      'a wrong digest',
      `${dataUrl(SMALL_MODULE)}\n  sha256: ${'f'.repeat(64)}`,
      { fetched: 'yes', verified: 'failed' },
    ],
    [
      'bytes that are no module',
      dataUrl(Buffer.from('hello')),
      { verified: 'yes', compiled: 'failed' },
    ],
    [
      'a module cut in half',
      dataUrl(Buffer.from('0061736d0100000001', 'hex')),
      { verified: 'yes', compiled: 'failed' },
    ],
    [
      'a file that is not there',
      'url: file:///nonexistent.wasm',
      { fetched: 'failed', verified: 'no' },
    ],
  ])('%s leaves the version before serving and says why', async (_, spec, expected) => {
    const client = proxy();
    await apply(plugin(dataUrl(SMALL_MODULE)));
    await waitFor('the good one', async () => (await pluginState())?.active === 1);
    const before = client.of(EXTENSION_TYPE).length;
    await apply(plugin(spec));
    const state = await waitFor('the failure', async () => {
      const plugin_ = await pluginState();
      return plugin_?.message === undefined ? undefined : plugin_;
    });
    expect(state).toMatchObject({ ...expected, serving: 'previous', active: 0 });
    const [status] = await resources('WasmPlugin');
    expect(status?.state).toBe('error');
    expect(status?.problems[0]?.origin.line).toBeGreaterThan(0);
    expect(client.of(EXTENSION_TYPE)).toHaveLength(before);
  });

  test('a version that a proxy refuses is taken back everywhere', async () => {
    const client = proxy();
    await apply(plugin(`${dataUrl(SMALL_MODULE)}\n  pluginConfig: {good: true}`));
    await waitFor('the good one', async () => (await pluginState())?.active === 1);
    client.autoAck = false;
    const seen = client.of(EXTENSION_TYPE).length;
    await apply(plugin(`${dataUrl(SMALL_MODULE)}\n  pluginConfig: {good: false}`));
    const bad = await client.next(EXTENSION_TYPE, seen);
    client.autoAck = true;
    const errorDetail = {
      code: 3,
      message: `${bad.names[0]}: the module refuses its configuration`,
    };
    client.send({ typeUrl: EXTENSION_TYPE, responseNonce: bad.nonce, errorDetail });
    const back = await client.next(EXTENSION_TYPE, seen + 1);
    expect(JSON.stringify(back.json)).toContain('good\\":true');
    const state = await waitFor('the state', async () => {
      const plugin_ = await pluginState();
      return plugin_?.serving === 'previous' ? plugin_ : undefined;
    });
    expect(state).toMatchObject({ compiled: 'yes', configured: 'failed' });
    expect(state.message).toContain('refuses its configuration');
  });

  test('a first version that a listener cannot be built with is left out, and the listener is as before', async () => {
    const client = proxy();
    await client.next(LISTENER_TYPE);
    await waitFor('the first state', async () => (await syncedProxies()) === 1);
    client.autoAck = false;
    await apply(plugin(dataUrl(SMALL_MODULE)));
    const listener = await client.next(LISTENER_TYPE, 1);
    client.autoAck = true;
    const index = httpFilterNames(listener.json).indexOf(
      'extensions.istio.io/wasmplugin/default.hello',
    );
    const message = `Listener ${listener.names[0]}: http_filters[${index}]: exports no memory`;
    client.send({
      typeUrl: LISTENER_TYPE,
      responseNonce: listener.nonce,
      errorDetail: { code: 3, message },
    });
    const back = await client.next(LISTENER_TYPE, 2);
    expect(JSON.stringify(back.json)).not.toContain('wasmplugin');
    expect(await pluginState()).toMatchObject({ configured: 'failed', serving: 'nothing' });
  });

  test('a module that changed behind its url is taken in by applying the same resource again', async () => {
    const client = proxy();
    const path = await directory.write('m.wasm', SMALL_MODULE);
    await apply(plugin(`url: file://${path}`));
    await waitFor('the plugin', async () => (await pluginState())?.active === 1);
    const old = (await pluginState())?.digest;
    const seen = client.of(EXTENSION_TYPE).length;
    // An empty custom section: another module that does the same.
    await directory.write('m.wasm', Buffer.concat([SMALL_MODULE, Buffer.from('00020161', 'hex')]));
    const outcome = await apply(plugin(`url: file://${path}`));
    expect(outcome['applied']).toMatchObject([{ change: 'unchanged' }]);
    await client.next(EXTENSION_TYPE, seen);
    expect((await pluginState())?.digest).not.toBe(old);
  });

  test('a deleted plugin leaves the proxy', async () => {
    const client = proxy();
    await apply(plugin(dataUrl(SMALL_MODULE)));
    await waitFor('the plugin', async () => (await pluginState())?.active === 1);
    await api.send('DELETE', '/v1/resources/WasmPlugin/default/hello');
    await waitFor('its removal', () =>
      client
        .of(EXTENSION_TYPE)
        .some(({ removed }) => removed.length === 1 && client.of(EXTENSION_TYPE).length > 1),
    );
    expect(await resources('WasmPlugin')).toEqual([]);
  });

  test('a module that comes late over http is fetched again until it is there', async () => {
    let ready = false;
    const origin = createServer((_, response) => {
      if (ready) response.end(SMALL_MODULE);
      else response.writeHead(503).end();
    });
    await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => origin.close());
    const { port } = origin.address() as AddressInfo;
    proxy();
    await apply(plugin(`url: http://127.0.0.1:${port}/m.wasm`));
    await waitFor('the failure', async () => (await pluginState())?.fetched === 'failed');
    ready = true;
    await waitFor('the plugin', async () => (await pluginState())?.active === 1, {
      deadlineMs: 8000,
    });
  });
});

describe('the API', () => {
  test('one object in two sources is refused by name of the other', async () => {
    const outcome = await apply(ROUTES);
    expect(outcome['applied']).toEqual([]);
    expect(JSON.stringify(outcome['problems'])).toContain('a/routes.yaml');
  });

  test('a text with a fault is refused whole', async () => {
    const outcome = await apply(
      `${plugin(dataUrl(SMALL_MODULE))}\n---\nkind: Nonsense\napiVersion: v1\nmetadata: {name: x}`,
    );
    expect(outcome['applied']).toEqual([]);
    expect(await resources('WasmPlugin')).toEqual([]);
  });

  test('what was applied can be deleted, what a file declares cannot', async () => {
    await apply(plugin(dataUrl(SMALL_MODULE)));
    const remove = (name: string) => api.send('DELETE', `/v1/resources/${name}`);
    const declared = await remove('VirtualService/default/web');
    expect(declared).toMatchObject({ ok: true, value: { status: 409 } });
    const applied = await remove('WasmPlugin/default/hello');
    expect(applied).toMatchObject({ ok: true, value: { status: 200 } });
    const again = await remove('WasmPlugin/default/hello');
    expect(again).toMatchObject({ ok: true, value: { status: 404 } });
  });
});
