import { expect, test } from 'vitest';
import { compileModuleSource } from '../../test/kit/assembly.ts';
import { headerOf } from '../testing/memory-message.ts';
import { TestHost, type TestHostOptions } from '../testing/test-host.ts';

const ROUTE_CONFIGURATION = 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration';
const RETRY_POLICY = 'type.googleapis.com/envoy.config.route.v3.RetryPolicy';

/** Selects route 0 of virtual host 0, with the timeout that the first line says. */
const ROUTER = (timeoutMs: number, random = '') => `
const ROUTE: usize = memory.data(32, 8);
export function lateen_on_config(root: i32, id: i32, size: i32): i32 { return 1; }
export function lateen_on_route(context: i32, config: i32): i32 {
  memory.fill(ROUTE, 0, 32);
  store<i32>(ROUTE + 8, -1);
  store<u32>(ROUTE + 12, ${timeoutMs});
  store<u32>(ROUTE + 16, 0xffffffff);
  ${random}
  return <i32>ROUTE;
}
export function proxy_on_request_headers(context: i32, count: i32, end: i32): i32 { return 0; }
`;

const routes = (route: object = {}) => ({
  name: 'r',
  virtualHosts: [
    {
      name: 'v',
      domains: ['*'],
      routes: [{ match: { prefix: '/' }, route: { cluster: 'c', ...route } }],
    },
  ],
});

async function hostWith(
  filters: Readonly<Record<string, string>>,
  options: Partial<TestHostOptions> & { timeoutMs?: number } = {},
): Promise<TestHost> {
  const modules = await Promise.all(
    Object.entries(filters).map(async ([name, source]) => ({
      name,
      bytes: await compileModuleSource(source),
      serves: name === 'retry' ? [RETRY_POLICY] : [],
    })),
  );
  const router = await compileModuleSource(ROUTER(options.timeoutMs ?? 0));
  return TestHost.open({
    routes: routes(),
    ...options,
    modules: [...modules, { name: 'router', bytes: router, serves: [ROUTE_CONFIGURATION] }],
    filters: [
      ...Object.keys(filters)
        .filter((name) => name !== 'retry')
        .map((name) => ({ name, module: name })),
      { name: 'router', module: 'router' },
    ],
  });
}

test('a request goes to the cluster of the selected route and its answer comes back', async () => {
  const host = await hostWith(
    {},
    { upstream: { answer: () => ({ status: 200, headers: { 'x-up': '1' }, body: 'hello' }) } },
  );
  const { response } = host.request({ path: '/a?b=c', body: ['one', 'two'] });
  expect(response.ended).toBe(true);
  expect(headerOf(response, ':status')).toBe('200');
  expect(headerOf(response, 'x-up')).toBe('1');
  expect(response.body.toString()).toBe('hello');
  const [attempt] = host.upstream.attempts;
  expect(attempt.cluster).toBe('c');
  expect(headerOf(attempt.request, ':path')).toBe('/a?b=c');
  expect(headerOf(attempt.request, 'x-request-id')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4/);
  expect(attempt.request.body.toString()).toBe('onetwo');
});

test('without a module that selects routes nothing is forwarded', async () => {
  const host = await TestHost.open({ modules: [], filters: [], routes: routes() });
  const { response, stream } = host.request();
  expect(headerOf(response, ':status')).toBe('404');
  expect(stream.info.details).toBe('route_not_found');
  expect(host.upstream.attempts).toEqual([]);
});

test('a cluster that does not exist is answered by 503 and the flag NC', async () => {
  const host = await hostWith({}, { upstream: { answer: () => 'silent', knows: () => false } });
  const { response, stream } = host.request();
  expect(headerOf(response, ':status')).toBe('503');
  expect(stream.info.details).toBe('cluster_not_found');
});

test('the route timeout answers 504 once the request has been sent whole', async () => {
  const host = await hostWith({}, { timeoutMs: 250, upstream: { answer: () => 'silent' } });
  const exchange = host.begin({ body: ['x'] });
  host.clock.advance(1000);
  expect(exchange.response.ended).toBe(false);
  exchange.stream.onData(Buffer.from('x'), true);
  host.clock.advance(240);
  expect(exchange.response.ended).toBe(false);
  host.clock.advance(30);
  expect(headerOf(exchange.response, ':status')).toBe('504');
  expect(exchange.response.body.toString()).toBe('upstream request timeout');
  expect(host.upstream.attempts[0].cancelled).toBe(true);
  expect(exchange.stream.info.details).toBe('response_timeout');
});

test('a client that leaves ends the attempt and the stream', async () => {
  const host = await hostWith({}, { upstream: { answer: () => 'silent' } });
  const { stream } = host.request();
  stream.onReset('remote-reset', '');
  expect(host.upstream.attempts[0].cancelled).toBe(true);
  expect(stream.info.details).toBe('downstream_remote_disconnect');
  expect(host.clock.pending).toBeLessThanOrEqual(1);
});

const RETRY = `
const WISH: usize = memory.data(20, 8);
export function lateen_on_config(root: i32, id: i32, size: i32): i32 { return 1; }
export function lateen_on_route_config(context: i32, config: i32): void {}
export function lateen_on_attempt(context: i32, attempt: i32, outcome: i32): i32 {
  memory.fill(WISH, 0, 20);
  if (outcome == 0) store<u32>(WISH, 4);
  else if (attempt < 3) { store<u32>(WISH, 1 | 2); store<u32>(WISH + 4, 100); store<u32>(WISH + 16, 1); }
  else store<u32>(WISH, 8);
  return <i32>WISH;
}
`;

test('a module may ask for further attempts, and the body is sent again', async () => {
  const host = await hostWith(
    { retry: RETRY },
    {
      routes: routes({ retryPolicy: { retryOn: '5xx' } }),
      upstream: {
        answer: () =>
          host.upstream.attempts.length < 3 ? { status: 503 } : { status: 200, body: 'third' },
      },
    },
  );
  const { response, stream } = host.request({ method: 'POST', body: ['a', 'b'] });
  expect(response.ended).toBe(false);
  host.clock.advance(100);
  host.clock.advance(100);
  expect(response.body.toString()).toBe('third');
  expect(host.upstream.attempts.map((a) => a.request.body.toString())).toEqual(['ab', 'ab', 'ab']);
  expect(host.upstream.attempts.map((a) => a.wish.avoid.length)).toEqual([0, 1, 2]);
  expect(stream.info.attempts).toBe(3);
});

test('there is no further attempt once the body no longer fits', async () => {
  const host = await hostWith(
    { retry: RETRY },
    {
      routes: routes({ retryPolicy: { retryOn: '5xx' } }),
      bufferBytesMax: 3,
      upstream: { answer: () => ({ status: 503 }) },
    },
  );
  const { response } = host.request({ method: 'POST', body: ['abc', 'def'] });
  expect(headerOf(response, ':status')).toBe('503');
  expect(host.upstream.attempts.length).toBe(1);
});

test('a connect failure is an outcome too, and the last one is answered with its flag', async () => {
  const host = await hostWith(
    { retry: RETRY },
    {
      routes: routes({ retryPolicy: { retryOn: 'connect-failure' } }),
      upstream: { answer: () => 'silent', connect: () => 'connect-failure' },
    },
  );
  const { response, stream } = host.request();
  host.clock.advance(1000);
  expect(host.upstream.attempts.length).toBe(3);
  expect(headerOf(response, ':status')).toBe('503');
  expect(stream.info.flags).not.toBe(0);
});

const TRAP =
  'export function proxy_on_request_headers(c: i32, n: i32, e: i32): i32 { unreachable(); return 0; }';

test('a module that traps fails its stream, and the next one gets a fresh VM', async () => {
  const host = await hostWith({ trap: TRAP });
  const { response, stream } = host.request();
  expect(headerOf(response, ':status')).toBe('503');
  expect(stream.info.details).toBe('wasm_fail_stream');
  expect(host.upstream.attempts).toEqual([]);
});

const REPLY = `
@external("env", "proxy_send_local_response")
declare function reply(s: i32, d: usize, dn: i32, b: usize, bn: i32, h: usize, hn: i32, g: i32): i32;
@external("env", "proxy_add_header_map_value")
declare function add(t: i32, k: usize, kn: i32, v: usize, vn: i32): i32;
const BODY = String.UTF8.encode("denied");
const NAME = String.UTF8.encode("x-seen");
export function proxy_on_request_headers(c: i32, n: i32, e: i32): i32 {
  reply(403, 0, 0, changetype<usize>(BODY), BODY.byteLength, 0, 0, -1);
  return 1;
}
export function proxy_on_response_headers(c: i32, n: i32, e: i32): i32 {
  add(2, changetype<usize>(NAME), NAME.byteLength, changetype<usize>(BODY), BODY.byteLength);
  return 0;
}
`;

test('a local reply passes the response callbacks of the filters it had reached', async () => {
  const host = await hostWith({
    first: REPLY.replace('reply(403', 'if (false) reply(403').replace('return 1;', 'return 0;'),
    deny: REPLY,
  });
  const { response } = host.request();
  expect(headerOf(response, ':status')).toBe('403');
  expect(response.body.toString()).toBe('denied');
  expect(response.headers.filter(([name]) => name === 'x-seen').length).toBe(2);
  expect(host.upstream.attempts).toEqual([]);
});

const AUTO_HOST = `
@external("env", "proxy_call_foreign_function")
declare function call(n: usize, nn: i32, a: usize, an: i32, r: usize, rn: usize): i32;
const NAME = String.UTF8.encode("lateen.auto_host_rewrite");
const OUT: usize = memory.data(8, 8);
export function proxy_on_request_headers(c: i32, n: i32, e: i32): i32 {
  call(changetype<usize>(NAME), NAME.byteLength, 0, 0, OUT, OUT + 4);
  return 0;
}
`;

test('each attempt goes out with the name of its host, if a module asks for that', async () => {
  const host = await hostWith({ auto: AUTO_HOST });
  host.request({ authority: 'example.com' });
  expect(headerOf(host.upstream.attempts[0].request, ':authority')).toBe('c');
});
