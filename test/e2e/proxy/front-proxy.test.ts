import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePorts } from '../../kit/free-port.ts';
import { fetchRaw, RawClient } from '../../kit/raw-client.ts';
import { RecordingOrigin } from '../../kit/recording-origin.ts';
import { configOn } from './envoy-yaml.ts';
import { ProxyProcess } from './proxy-process.ts';

const SHOP = ['host', 'shop.example.com'] as const;

const resources = new AsyncDisposableStack();
let stable: RecordingOrigin;
let canary: RecordingOrigin;
let port: number;

beforeAll(async () => {
  const headers = { 'x-powered-by': 'origin', server: 'own' };
  stable = resources.use(await RecordingOrigin.open({ answer: () => ({ body: 'v1', headers }) }));
  canary = resources.use(await RecordingOrigin.open({ answer: () => 'v2' }));
  const [listen, admin] = await freePorts(2);
  port = listen!;
  const ports = { 9901: admin!, 10000: port, 8081: stable.port, 8082: canary.port };
  const config = configOn('front-proxy.yaml', ports);
  resources.use(await ProxyProcess.start({ config, ports: [port] }));
});

afterAll(() => resources.disposeAsync());

test('a direct response comes from the proxy alone', async () => {
  stable.forget();
  const answer = await fetchRaw(port, 'GET /healthz HTTP/1.1', [SHOP]);
  expect([answer.status, answer.text, answer.header('server')]).toEqual([200, 'fine\n', 'shop']);
  expect(stable.requestCount).toBe(0);
});

test('domains are matched without regard to case and port, with wildcards, and else 404', async () => {
  const statusOf = async (host: string) =>
    (await fetchRaw(port, 'GET /healthz HTTP/1.1', [['host', host]])).status;
  expect(await statusOf('SHOP.Example.com')).toBe(200);
  expect(await statusOf('shop.example.com:8080')).toBe(200);
  expect(await statusOf('eu.shop.example.com')).toBe(200);
  expect(await statusOf('shop.example.org')).toBe(404);
});

test('redirects rewrite the prefix or the host and keep the rest, query included', async () => {
  const moved = await fetchRaw(port, 'GET /old/a/b?c=d HTTP/1.1', [SHOP]);
  expect(moved.status).toBe(308);
  expect(moved.header('location')).toBe('http://shop.example.com/new/a/b?c=d');
  const www = await fetchRaw(port, 'GET /x?y HTTP/1.1', [['host', 'example.com']]);
  expect([www.status, www.header('location')]).toEqual([301, 'http://www.example.com/x?y']);
});

test('a prefix is rewritten, the host set, and clusters share by weight', async () => {
  stable.forget();
  canary.forget();
  await using client = await RawClient.connect({ port });
  for (let i = 0; i < 200; i++) {
    await client.request('GET /catalog/list?page=2 HTTP/1.1', ['host: shop.example.com']);
  }
  expect(stable.requestCount + canary.requestCount).toBe(200);
  // Binomial with p = 0.25: 200 draws stay between 25 and 80 but for one time in a million.
  expect(canary.requestCount).toBeGreaterThan(25);
  expect(canary.requestCount).toBeLessThan(80);
  const [request] = canary.requests;
  expect(request!.target).toBe('/list?page=2');
  expect(request!.header('host')).toBe('catalog.internal');
  expect(request!.header('x-version')).toBe('v2');
  expect(request!.header('x-envoy-original-path')).toBe('/catalog/list?page=2');
  expect(request!.header('x-front')).toBe('127.0.0.1');
  expect(stable.requests[0]!.header('x-version')).toBeUndefined();
});

test('a header leads to the canary before the path does', async () => {
  const canaryHeader = ['x-canary', 'yes'] as const;
  const answer = await fetchRaw(port, 'GET /catalog/list HTTP/1.1', [SHOP, canaryHeader]);
  expect(answer.text).toBe('v2');
});

test('a regular expression selects and rewrites', async () => {
  stable.forget();
  await fetchRaw(port, 'GET /item/42 HTTP/1.1', [SHOP]);
  expect(stable.requests[0]!.target).toBe('/api/items/42');
  const other = await fetchRaw(port, 'GET /item/42/x HTTP/1.1', [SHOP]);
  expect(other.status).toBe(404);
});

test('a route that wants a query parameter is passed over without it', async () => {
  expect((await fetchRaw(port, 'GET /search?q=tea HTTP/1.1', [SHOP])).status).toBe(200);
  expect((await fetchRaw(port, 'GET /search?p=tea HTTP/1.1', [SHOP])).status).toBe(404);
});

test('headers are removed and added both ways, and a prefix ends at a segment', async () => {
  stable.forget();
  const answer = await fetchRaw(port, 'GET /cart/7 HTTP/1.1', [SHOP, ['x-debug', '1']]);
  expect(answer.header('cache-control')).toBe('no-store');
  expect(answer.header('x-powered-by')).toBeUndefined();
  expect(answer.header('server')).toBe('shop');
  expect(stable.requests[0]!.header('x-debug')).toBeUndefined();
  expect((await fetchRaw(port, 'GET /cartoon HTTP/1.1', [SHOP])).status).toBe(404);
});

test('the edge tells the origin who called and takes no word for it', async () => {
  stable.forget();
  await fetchRaw(port, 'GET /cart HTTP/1.1', [
    SHOP,
    ['x-forwarded-for', '6.6.6.6'],
    ['x-forwarded-proto', 'https'],
    ['x-envoy-retry-on', '5xx'],
    ['x-envoy-original-path', '/admin'],
  ]);
  const [request] = stable.requests;
  expect(request!.header('x-forwarded-for')).toBe('6.6.6.6,127.0.0.1');
  expect(request!.header('x-forwarded-proto')).toBe('http');
  expect(request!.header('x-envoy-external-address')).toBe('127.0.0.1');
  expect(request!.header('x-envoy-retry-on')).toBeUndefined();
  expect(request!.header('x-envoy-original-path')).toBeUndefined();
  expect(request!.header('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
});

test('paths are judged after they were made normal, and with escaped slashes refused', async () => {
  stable.forget();
  const roads = ['/a/../cart', '//cart', '/./cart', '/x/..//cart', '/%63art', '/a/%2e%2e/cart'];
  for (const path of roads) {
    const { status } = await fetchRaw(port, `GET ${path} HTTP/1.1`, [SHOP]);
    expect([path, status]).toEqual([path, 200]);
  }
  expect(new Set(stable.requests.map((request) => request.target))).toEqual(new Set(['/cart']));
  for (const path of ['/cart%2f..', '/cart%5cx', '/cart%00', '/cart%zz']) {
    const { status } = await fetchRaw(port, `GET ${path} HTTP/1.1`, [SHOP]);
    expect([path, status]).toEqual([path, 400]);
  }
});

test('names with underscores are refused as configured', async () => {
  const answer = await fetchRaw(port, 'GET /cart HTTP/1.1', [SHOP, ['x_role', 'admin']]);
  expect(answer.status).toBe(400);
});
