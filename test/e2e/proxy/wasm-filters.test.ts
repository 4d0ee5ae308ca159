import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { freePorts } from '../../kit/free-port.ts';
import { fetchRaw, RawClient } from '../../kit/raw-client.ts';
import { RecordingOrigin } from '../../kit/recording-origin.ts';
import { waitFor } from '../../kit/wait-for.ts';
import { compileGuest, wasmFilter } from './guest.ts';
import { ProxyProcess } from './proxy-process.ts';
import { severalListeners } from './several-listeners.ts';

const HEADERS = `
export function proxy_on_request_headers(context: i32, count: i32, end: i32): i32 {
  addHeader(0, 'x-guest', 'was here');
  addHeader(0, 'x-guest', 'twice');
  removeHeader(0, 'x-secret');
  return 0;
}
export function proxy_on_response_headers(context: i32, count: i32, end: i32): i32 {
  addHeader(2, 'x-answer', header(0, ':path'));
  removeHeader(2, 'x-origin');
  return 0;
}`;

/** Waits for the whole body both ways and puts its own in its place. */
const BODIES = `
export function proxy_on_request_headers(context: i32, count: i32, end: i32): i32 {
  removeHeader(0, 'content-length');
  return 0;
}
export function proxy_on_request_body(context: i32, size: i32, end: i32): i32 {
  if (!end) return 1;
  const text = ascii('[' + size.toString() + ']');
  proxySetBody(0, 0, size, at(text), text.byteLength);
  return 0;
}
export function proxy_on_response_headers(context: i32, count: i32, end: i32): i32 {
  removeHeader(2, 'content-length');
  return 0;
}
export function proxy_on_response_body(context: i32, size: i32, end: i32): i32 {
  if (!end) return 1;
  const text = ascii('replaced ');
  proxySetBody(1, 0, 0, at(text), text.byteLength);
  return 0;
}`;

const REPLIES = `
export function proxy_on_request_headers(context: i32, count: i32, end: i32): i32 {
  if (header(0, 'x-reply') == '') return 0;
  reply(403, 'not you');
  return 1;
}
export function proxy_on_response_headers(context: i32, count: i32, end: i32): i32 {
  addHeader(2, 'x-seen', '1');
  return 0;
}`;

/** Asks another path of the origin first, and tells its answer onward. */
const CALLOUT = `
let waiting: i32 = 0;
export function proxy_on_request_headers(context: i32, count: i32, end: i32): i32 {
  const name = ascii(header(0, 'x-ask'));
  const head = pairs([':method', 'GET', ':path', '/authorize', ':authority', 'authority']);
  const sent = proxyCall(
    at(name), name.byteLength, at(head), head.byteLength, 0, 0, 0, 0, 2000, OUT);
  if (sent != 0) {
    reply(500, 'callout ' + sent.toString());
    return 1;
  }
  waiting = context;
  return 1;
}
export function proxy_on_http_call_response(
  root: i32, token: i32, headers: i32, body: i32, trailers: i32): void {
  const status = header(6, ':status');
  proxyEffective(waiting);
  addHeader(0, 'x-authorized', status == '' ? 'failed' : status);
  proxyContinue(0);
}`;

/** A timer of the root writes to shared data; requests read it. */
const TIMER = `
let ticks: i32 = 0;
export function proxy_on_configure(root: i32, size: i32): i32 {
  proxyTick(20);
  return 1;
}
export function proxy_on_tick(root: i32): void {
  ticks++;
  const key = ascii('ticks');
  const value = ascii(ticks.toString());
  proxySetShared(at(key), key.byteLength, at(value), value.byteLength, 0);
}
export function proxy_on_request_headers(context: i32, count: i32, end: i32): i32 {
  const key = ascii('ticks');
  if (proxyShared(at(key), key.byteLength, OUT, OUT + 4, OUT + 8) != 0) {
    reply(204, '');
    return 1;
  }
  reply(200, String.UTF8.decodeUnsafe(load<usize>(OUT), load<i32>(OUT + 4)));
  return 1;
}`;

const FILTERS = {
  headers: HEADERS,
  bodies: BODIES,
  replies: REPLIES,
  callout: CALLOUT,
  timer: TIMER,
};
type Name = keyof typeof FILTERS;

const resources = new AsyncDisposableStack();
const ports = new Map<Name, number>();
let origin: RecordingOrigin;

beforeAll(async () => {
  origin = resources.use(
    await RecordingOrigin.open({
      answer: () => ({ body: 'answer', headers: { 'x-origin': 'o' } }),
    }),
  );
  const names = Object.keys(FILTERS) as Name[];
  const free = await freePorts(names.length);
  const files: Record<string, Uint8Array> = {};
  for (const name of names) files[`${name}.wasm`] = await compileGuest(FILTERS[name]);
  const listeners = names.map((name, index) => {
    ports.set(name, free[index]!);
    const from =
      name === 'headers' ? { bytes: files['headers.wasm']! } : { file: `{{dir}}/${name}.wasm` };
    const httpFilters = [wasmFilter({ name, ...from })];
    return { listenPort: free[index]!, upstreamPort: origin.port, httpFilters };
  });
  const config = severalListeners(listeners);
  resources.use(await ProxyProcess.start({ config, ports: free, files }));
});

afterAll(() => resources.disposeAsync());

beforeEach(() => origin.forget());

test('headers are added and removed both ways by a module that stands in the configuration', async () => {
  const answer = await fetchRaw(ports.get('headers')!, 'GET /path HTTP/1.1', [['x-secret', 's']]);
  expect([answer.header('x-answer'), answer.header('x-origin')]).toEqual(['/path', undefined]);
  const [request] = origin.requests;
  expect(request!.header('x-secret')).toBeUndefined();
  const own = request!.fields.filter(([name]) => name === 'x-guest').map(([, value]) => value);
  expect(own).toEqual(['was here', 'twice']);
});

test('bodies are held, replaced, and framed anew', async () => {
  const answer = await fetchRaw(ports.get('bodies')!, 'POST / HTTP/1.1', [], 'x'.repeat(100_000));
  expect(answer.text).toBe('replaced answer');
  expect(origin.requests[0]!.body.toString()).toBe('[100000]');
  expect(origin.faults).toEqual([]);
});

test('a body beyond the limit of what a filter may hold is a 413, and memory is safe', async () => {
  await using client = await RawClient.connect({ port: ports.get('bodies')! });
  await client.send('POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 4000000\r\n\r\n');
  client.socket.write(Buffer.alloc(4_000_000));
  expect((await client.response()).status).toBe(413);
  expect(origin.requests).toEqual([]);
});

test('a local reply goes back through the response filters that saw the request', async () => {
  const answer = await fetchRaw(ports.get('replies')!, 'GET / HTTP/1.1', [['x-reply', '1']]);
  expect([answer.status, answer.text, answer.header('x-seen')]).toEqual([403, 'not you', '1']);
  expect(origin.requestCount).toBe(0);
  expect((await fetchRaw(ports.get('replies')!, 'GET / HTTP/1.1')).status).toBe(200);
});

test('a callout to a cluster pauses the request and goes on with what it learnt', async () => {
  const answer = await fetchRaw(ports.get('callout')!, 'GET /asked HTTP/1.1', [
    ['x-ask', 'origin'],
  ]);
  expect(answer.status).toBe(200);
  expect(origin.requests.map((request) => request.target).sort()).toEqual(['/asked', '/authorize']);
  const asked = origin.requests.find((request) => request.target === '/asked');
  expect(asked!.header('x-authorized')).toBe('200');
});

test('a callout to a cluster that is not there is refused by status', async () => {
  const answer = await fetchRaw(ports.get('callout')!, 'GET / HTTP/1.1', [['x-ask', 'nobody']]);
  expect(answer.status).toBe(500);
  expect(answer.text).toMatch(/^callout \d+$/);
});

test('a timer of the root context ticks, and shared data carries its word to requests', async () => {
  const ticks = async () => {
    const answer = await fetchRaw(ports.get('timer')!, 'GET / HTTP/1.1');
    return answer.status === 200 ? Number(answer.text) : 0;
  };
  const first = await waitFor('a tick', ticks);
  await waitFor('more ticks', async () => (await ticks()) > first + 2);
});
