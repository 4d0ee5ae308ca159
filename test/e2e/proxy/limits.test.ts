import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePorts } from '../../kit/free-port.ts';
import { fetchRaw, RawClient } from '../../kit/raw-client.ts';
import { steps, UnrulyServer } from '../../kit/unruly-server.ts';
import { ProxyProcess } from './proxy-process.ts';
import { severalListeners } from './several-listeners.ts';

/** One listener for each of these settings of the connection manager. */
const MANAGERS = {
  slowHeads: { request_headers_timeout: '0.2s' },
  slowRequests: { request_timeout: '0.2s' },
  idle: { common_http_protocol_options: { idle_timeout: '0.2s' } },
  streamIdle: { stream_idle_timeout: '0.2s' },
  long: { common_http_protocol_options: { max_stream_duration: '0.2s' } },
  few: { common_http_protocol_options: { max_requests_per_connection: 2 } },
  small: { max_request_headers_kb: 2, common_http_protocol_options: { max_headers_count: 20 } },
  busy: {},
} as const;
type Name = keyof typeof MANAGERS;

const resources = new AsyncDisposableStack();
const ports = {} as Record<Name, number>;
let origin: UnrulyServer;

beforeAll(async () => {
  origin = resources.use(await UnrulyServer.open());
  const names = Object.keys(MANAGERS) as Name[];
  const free = await freePorts(names.length);
  const thresholds = [{ max_connections: 1, max_pending_requests: 1 }];
  const listeners = names.map((name, index) => {
    ports[name] = free[index]!;
    const manager = MANAGERS[name];
    const route = { timeout: '0s' };
    return { listenPort: free[index]!, upstreamPort: origin.port, manager, route };
  });
  const cluster = { circuit_breakers: { thresholds } };
  const config = severalListeners(listeners.map((each) => ({ ...each, cluster })));
  resources.use(await ProxyProcess.start({ config, ports: free }));
});

afterAll(() => resources.disposeAsync());

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const GET = 'GET / HTTP/1.1\r\nHost: t\r\n\r\n';

/** Every answer is good, however many are asked for. */
function friendly(): void {
  for (const connection of origin.connections) connection.destroy();
  origin.setScript(Array.from({ length: 20 }, () => [steps.readHead, steps.send(OK)]).flat());
}

/** Reads requests and says nothing. */
function silent(): void {
  for (const connection of origin.connections) connection.destroy();
  origin.setScript([steps.readHead, steps.stall]);
}

test('a head that does not end in time is a 408', async () => {
  await using client = await RawClient.connect({ port: ports.slowHeads });
  await client.send('GET / HTTP/1.1\r\nHost:');
  expect((await client.response()).status).toBe(408);
  await client.untilEnd();
});

test('a request that does not end in time is a 408, however it drips', async () => {
  silent();
  await using client = await RawClient.connect({ port: ports.slowRequests });
  await client.send('POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 1000\r\n\r\n');
  const drip = setInterval(() => client.socket.write('x'), 20);
  const response = await client.response();
  clearInterval(drip);
  expect([response.status, response.text]).toEqual([408, 'request timeout']);
});

test('an idle connection is closed without a word', async () => {
  friendly();
  await using client = await RawClient.connect({ port: ports.idle });
  expect((await client.request('GET / HTTP/1.1')).status).toBe(200);
  const before = client.received.length;
  expect((await client.untilEnd()).length).toBe(before);
});

test('a stream on which nothing moves is ended: 504 before the answer began, a cut after it', async () => {
  silent();
  expect((await fetchRaw(ports.streamIdle, 'GET / HTTP/1.1')).status).toBe(504);
  for (const connection of origin.connections) connection.destroy();
  origin.setScript([steps.readHead, steps.send(OK.slice(0, -1)), steps.stall]);
  await using client = await RawClient.connect({ port: ports.streamIdle });
  await client.send(GET);
  expect((await client.untilEnd()).toString()).toMatch(/\r\n\r\no$/);
});

test('a client that stops in the middle of its body is told 408', async () => {
  silent();
  await using client = await RawClient.connect({ port: ports.streamIdle });
  await client.send('POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\nhalf');
  expect((await client.response()).status).toBe(408);
});

test('a stream that lasts too long is ended however it moves', async () => {
  for (const connection of origin.connections) connection.destroy();
  origin.setScript([
    steps.readHead,
    steps.send('HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n'),
    steps.stall,
  ]);
  await using client = await RawClient.connect({ port: ports.long });
  await client.send(GET);
  await client.untilEnd();
  expect(client.received.toString()).toMatch(/^HTTP\/1\.1 200/);
});

test('a connection ends after as many requests as allowed', async () => {
  friendly();
  await using client = await RawClient.connect({ port: ports.few });
  expect((await client.request('GET / HTTP/1.1')).header('connection')).toBeUndefined();
  expect((await client.request('GET / HTTP/1.1')).header('connection')).toBe('close');
  await client.untilEnd();
});

test('heads beyond the configured size or number of fields are 431', async () => {
  friendly();
  const big = ['x-big', 'x'.repeat(2_048)] as const;
  expect((await fetchRaw(ports.small, 'GET / HTTP/1.1', [big])).status).toBe(431);
  const many = Array.from({ length: 21 }, (_, i) => [`x-${i}`, '1'] as const);
  expect((await fetchRaw(ports.small, 'GET / HTTP/1.1', many)).status).toBe(431);
  expect((await fetchRaw(ports.small, 'GET / HTTP/1.1', many.slice(0, 15))).status).toBe(200);
});

test('a full cluster answers 503 at once, and says that it is overloaded', async () => {
  silent();
  // One on the only connection, one that waits for it, and one too many.
  const clients = await Promise.all(
    Array.from({ length: 3 }, () => RawClient.connect({ port: ports.busy })),
  );
  for (const client of clients) await client.send(GET);
  const answer = await Promise.race(clients.map((client) => client.response(60_000)));
  expect([answer.status, answer.header('x-envoy-overloaded')]).toEqual([503, 'true']);
  expect(answer.text).toContain('overflow');
  const unanswered = clients.filter((client) => client.received.length === 0);
  expect(unanswered).toHaveLength(2);
  for (const client of clients) client.reset();
});
