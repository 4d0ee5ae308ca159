import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ConfigObject, staticProxy } from '../../kit/envoy-config.ts';
import { freePort } from '../../kit/free-port.ts';
import { fetchRaw } from '../../kit/raw-client.ts';
import { RecordingOrigin } from '../../kit/recording-origin.ts';
import { TemporaryDirectory } from '../../kit/temporary-directory.ts';
import { ROOT } from '../../tidy/sources.ts';
import { compileGuest } from './guest.ts';
import { ProxyProcess, runProxy } from './proxy-process.ts';

const ENVOY = 'type.googleapis.com/envoy';
const TYPES = {
  router: [
    `${ENVOY}.config.route.v3.RouteConfiguration`,
    `${ENVOY}.config.route.v3.VirtualHost`,
    `${ENVOY}.extensions.filters.http.router.v3.Router`,
  ],
  retry: [`${ENVOY}.config.route.v3.RetryPolicy`],
  fault: [`${ENVOY}.extensions.filters.http.fault.v3.HTTPFault`],
} as const;

type Name = keyof typeof TYPES;

const ACCEPT = 'export function lateen_on_config(root: i32, id: i32, size: i32): i32 { return 1; }';

/** Whatever is asked goes to the first route of the first virtual host. */
const ROUTER = `${ACCEPT}
const ROUTE: usize = memory.data(32, 8);
export function lateen_on_route(context: i32, config: i32): i32 {
  memory.fill(ROUTE, 0, 32);
  store<i32>(ROUTE + 8, -1);
  store<u32>(ROUTE + 16, 0xffffffff);
  return <i32>ROUTE;
}
export function proxy_on_request_headers(context: i32, count: i32, end: i32): i32 { return 0; }`;

/** Tries every request exactly three times, whatever comes back. */
const RETRY = `${ACCEPT}
const WISH: usize = memory.data(20, 4);
export function lateen_on_route_config(context: i32, config: i32): void {}
export function lateen_on_attempt(context: i32, attempt: i32, outcome: i32): i32 {
  memory.fill(WISH, 0, 20);
  store<u32>(WISH, outcome == 0 ? 4 : attempt < 3 ? 1 : 0);
  return <i32>WISH;
}`;

/** Answers everything itself. */
const FAULT = `${ACCEPT}
export function proxy_on_request_headers(context: i32, count: i32, end: i32): i32 {
  reply(418, 'replaced');
  return 1;
}`;

const resources = new AsyncDisposableStack();
let origin: RecordingOrigin;

beforeAll(async () => {
  origin = resources.use(await RecordingOrigin.open({ answer: () => ({ status: 404 }) }));
});

afterAll(() => resources.disposeAsync());

beforeEach(() => origin.forget());

/** A directory with a manifest of these modules. */
async function modulesOf(modules: Partial<Record<Name, Uint8Array>>): Promise<TemporaryDirectory> {
  const directory = await TemporaryDirectory.make();
  const entries = Object.entries(modules) as [Name, Uint8Array][];
  const manifest = entries.map(([name, bytes]) => ({
    name,
    file: `${name}.wasm`,
    digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
    size: bytes.length,
    abi: '0.2.1',
    serves: TYPES[name],
    trusted: true,
  }));
  for (const [name, bytes] of entries) await directory.write(`${name}.wasm`, bytes);
  await directory.write('manifest.json', JSON.stringify({ modules: manifest }));
  return directory;
}

function bundled(name: Name): Promise<Uint8Array> {
  return readFile(join(ROOT, 'filters/dist', `${name}.wasm`));
}

const FAULT_FILTER = {
  name: 'envoy.filters.http.fault',
  typed_config: { '@type': TYPES.fault[0] },
};

/** One route, for `/only`, with a retry policy; the fault filter stands in the chain if wanted. */
function config(port: number, httpFilters: readonly ConfigObject[] = []): ConfigObject {
  const only = {
    match: { path: '/only' },
    route: { cluster: 'origin', retry_policy: { retry_on: '5xx' } },
  };
  const virtualHost = { name: 'all', domains: ['*'], routes: [only] };
  const manager = { route_config: { name: 'local', virtual_hosts: [virtualHost] } };
  return staticProxy({ listenPort: port, upstreamPort: origin.port, httpFilters, manager });
}

/** Runs with these modules alone and says how `path` is answered. */
async function answerWith(
  modules: Partial<Record<Name, Uint8Array>>,
  path: string,
  httpFilters: readonly ConfigObject[] = [],
) {
  await using directory = await modulesOf(modules);
  const port = await freePort();
  const args = ['--modules', directory.path];
  await using _proxy = await ProxyProcess.start({
    config: config(port, httpFilters),
    ports: [port],
    args,
  });
  return await fetchRaw(port, `GET ${path} HTTP/1.1`);
}

test('with an empty manifest the router is refused, and without it nothing routes', async () => {
  await using directory = await modulesOf({});
  const port = await freePort();
  const args = ['--modules', directory.path];
  const refused = await runProxy({ config: config(port), args });
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(/LAT0312 no module serves \S+\.router\.v3\.Router/);
  const bare = staticProxy({
    listenPort: port,
    upstreamPort: origin.port,
    manager: { http_filters: [] },
  });
  await using _proxy = await ProxyProcess.start({ config: bare, ports: [port], args });
  expect((await fetchRaw(port, 'GET /only HTTP/1.1')).status).toBe(404);
  expect(origin.connections).toEqual([]);
});

test('with the bundled router the path decides', async () => {
  const router = await bundled('router');
  await answerWith({ router }, '/other');
  expect(origin.requestCount).toBe(0);
  await answerWith({ router }, '/only');
  expect(origin.requestCount).toBe(1);
});

test('another router sends elsewhere what the bundled one refuses', async () => {
  await answerWith({ router: await compileGuest(ROUTER) }, '/other');
  expect(origin.requests.map((request) => request.target)).toEqual(['/other']);
});

test('without a retry module nothing is retried; another one retries what nobody else would', async () => {
  const router = await bundled('router');
  await answerWith({ router }, '/only');
  expect(origin.requestCount).toBe(1);
  origin.forget();
  await answerWith({ router, retry: await bundled('retry') }, '/only');
  expect(origin.requestCount).toBe(1);
  origin.forget();
  await answerWith({ router, retry: await compileGuest(RETRY) }, '/only');
  expect(origin.requestCount).toBe(3);
});

test('another fault module answers in its own words', async () => {
  const router = await bundled('router');
  const fault = await compileGuest(FAULT);
  const answer = await answerWith({ router, fault }, '/only', [FAULT_FILTER]);
  expect([answer.status, answer.text]).toEqual([418, 'replaced']);
  expect(origin.requestCount).toBe(0);
});

test('a module that is not what the manifest says is refused by name', async () => {
  await using directory = await modulesOf({ router: await bundled('router') });
  await directory.write('router.wasm', await compileGuest(ROUTER));
  const port = await freePort();
  const args = ['--modules', directory.path];
  const { code, stderr } = await runProxy({ config: config(port), args });
  expect(code).toBe(1);
  expect(stderr).toMatch(/router\.wasm error LAT0301 has sha256:\w+, the manifest says sha256:/);
});
