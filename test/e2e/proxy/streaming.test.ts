import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { staticProxy } from '../../kit/envoy-config.ts';
import { freePort } from '../../kit/free-port.ts';
import type { AnswerLike } from '../../kit/origin-answer.ts';
import { fetchRaw, RawClient } from '../../kit/raw-client.ts';
import { type RecordedRequest, RecordingOrigin } from '../../kit/recording-origin.ts';
import { steps, UnrulyServer } from '../../kit/unruly-server.ts';
import { waitFor } from '../../kit/wait-for.ts';
import { ProxyProcess } from './proxy-process.ts';

const MIB = 1_048_576;
const resources = new AsyncDisposableStack();
let origin: RecordingOrigin;
let port: number;
let answer: (request: RecordedRequest) => AnswerLike | Promise<AnswerLike> = () => 'ok';

beforeAll(async () => {
  const onHead = (startLine: string) =>
    startLine.includes('/hints') ? 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n' : undefined;
  origin = resources.use(
    await RecordingOrigin.open({ answer: (request) => answer(request), onHead }),
  );
  port = await freePort();
  const config = staticProxy({ listenPort: port, upstreamPort: origin.port });
  resources.use(await ProxyProcess.start({ config, ports: [port] }));
});

afterAll(() => resources.disposeAsync());

beforeEach(() => {
  origin.forget();
  answer = () => 'ok';
});

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Memory of a proxy in bytes. */
function residentBytes(of: ProxyProcess): number {
  const status = readFileSync(`/proc/${of.child.pid}/status`, 'latin1');
  return Number(/VmRSS:\s+(\d+)/.exec(status)![1]) * 1024;
}

function pattern(length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let at = 0; at < length; at += 4) bytes.writeUInt32LE((at * 2_654_435_761) >>> 0, at);
  return bytes;
}

test('10 MiB up and 10 MiB down at once arrive byte for byte', async () => {
  const body = pattern(10 * MIB);
  answer = ({ body: received }) => ({ body: received });
  await using client = await RawClient.connect({ port });
  await client.send(`POST / HTTP/1.1\r\nHost: t\r\nContent-Length: ${body.length}\r\n\r\n`);
  void client.send(body);
  const response = await client.response(15_000);
  expect(digestOf(response.body)).toBe(digestOf(body));
  expect(digestOf(origin.requests[0]!.body)).toBe(digestOf(body));
});

/** Sends a chunked request with a trailer; the origin answers with one too. */
async function exchangeTrailers(to: number) {
  answer = () => ({ chunks: ['a', 'bc', ''], trailers: { 'x-sum': '3' } });
  await using client = await RawClient.connect({ port: to });
  await client.send('POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n');
  await client.send('3\r\nabc\r\n');
  await client.send('0\r\nx-up: 1\r\n\r\n');
  const response = await client.response();
  expect([response.text, response.framing]).toEqual(['abc', 'chunked']);
  const [request] = origin.requests;
  expect([request!.body.toString(), request!.framing]).toEqual(['abc', 'chunked']);
  return { up: request!.trailers, down: response.trailers };
}

test('chunks go through as they come; trailers are dropped as in Envoy', async () => {
  expect(await exchangeTrailers(port)).toEqual({ up: [], down: [] });
});

test('trailers go through both ways where both sides enable them', async () => {
  const own = await freePort();
  const manager = { http_protocol_options: { enable_trailers: true } };
  const cluster = { http_protocol_options: { enable_trailers: true } };
  const options = { listenPort: own, upstreamPort: origin.port, manager, cluster };
  await using _process = await ProxyProcess.start({ config: staticProxy(options), ports: [own] });
  const trailers = { up: [['x-up', '1']], down: [['x-sum', '3']] };
  expect(await exchangeTrailers(own)).toEqual(trailers);
});

test('a client that does not read holds its origin back, and memory stays bounded', async () => {
  await using source = await UnrulyServer.open([
    steps.readHead,
    steps.send(`HTTP/1.1 200 OK\r\ncontent-length: ${64 * MIB}\r\n\r\n`),
    steps.send(Buffer.alloc(64 * MIB)),
  ]);
  const own = await freePort();
  const config = staticProxy({ listenPort: own, upstreamPort: source.port });
  await using process = await ProxyProcess.start({ config, ports: [own] });
  const resident = () => residentBytes(process);
  const before = resident();
  const socket = connect(own, '127.0.0.1');
  socket.pause();
  socket.write('GET / HTTP/1.1\r\nHost: t\r\n\r\n');
  const connection = await source.connection(0);
  await waitFor('the body to be on its way', () => connection.stepsDone === 2);
  await waitFor('memory to settle', settled(resident), { deadlineMs: 10_000 });
  expect(connection.stepsDone).toBe(2);
  expect(resident() - before).toBeLessThan(24 * MIB);
  let received = 0;
  socket.on('data', (chunk) => {
    received += chunk.length;
  });
  socket.resume();
  await waitFor('all of it', () => received > 64 * MIB, { deadlineMs: 15_000 });
  socket.destroy();
});

/** A probe that is true when ten values in a row were the same, give or take a megabyte. */
function settled(value: () => number): () => boolean {
  let last = value();
  let same = 0;
  return () => {
    const now = value();
    same = Math.abs(now - last) < MIB ? same + 1 : 0;
    last = now;
    return same >= 10;
  };
}

test('an origin that does not read holds its client back, and memory stays bounded', async () => {
  await using deaf = await UnrulyServer.open([steps.readHead, steps.deaf, steps.stall]);
  const own = await freePort();
  const config = staticProxy({ listenPort: own, upstreamPort: deaf.port });
  await using process = await ProxyProcess.start({ config, ports: [own] });
  const before = residentBytes(process);
  await using client = await RawClient.connect({ port: own });
  await client.send(`POST / HTTP/1.1\r\nHost: t\r\nContent-Length: ${64 * MIB}\r\n\r\n`);
  client.socket.write(Buffer.alloc(64 * MIB));
  const written = () => client.socket.bytesWritten - client.socket.writableLength;
  await waitFor('the writing to stop', settled(written), { deadlineMs: 10_000 });
  expect(client.socket.writableLength).toBeGreaterThan(32 * MIB);
  expect(residentBytes(process)).toBeLessThan(before + 24 * MIB);
});

test('a client that asks first is told to go on, once', async () => {
  await using client = await RawClient.connect({ port });
  await client.send(
    'POST / HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n',
  );
  expect((await client.response()).status).toBe(100);
  expect(origin.requestCount).toBe(0);
  await client.send('hello');
  const response = await client.response();
  expect([response.status, response.text]).toEqual([200, 'ok']);
  expect(origin.requests[0]!.header('expect')).toBeUndefined();
});

test('early hints of the origin come before its answer', async () => {
  await using client = await RawClient.connect({ port });
  await client.send('GET /hints HTTP/1.1\r\nHost: t\r\n\r\n');
  const hints = await client.response();
  expect([hints.status, hints.header('link')]).toEqual([103, '</a>']);
  expect((await client.response()).status).toBe(200);
});

test('pipelined requests are answered in order, also when the first is the slowest', async () => {
  answer = ({ target }) => ({ body: target });
  await using client = await RawClient.connect({ port });
  const targets = Array.from({ length: 50 }, (_, i) => `/${i}`);
  await client.send(targets.map((t) => `GET ${t} HTTP/1.1\r\nHost: t\r\n\r\n`).join(''));
  for (const target of targets) expect((await client.response()).text).toBe(target);
});

test('connections are kept on both sides', async () => {
  await using client = await RawClient.connect({ port });
  for (let i = 0; i < 20; i++) await client.request('GET / HTTP/1.1');
  const used = new Set(origin.requests.map((request) => request.connection));
  expect(used.size).toBe(1);
});

test('HEAD passes the length without a body', async () => {
  answer = () => ({ body: 'four' });
  await using client = await RawClient.connect({ port });
  const head = await client.request('HEAD / HTTP/1.1');
  expect([head.header('content-length'), head.text]).toEqual(['4', '']);
  expect((await client.request('GET / HTTP/1.1')).text).toBe('four');
});

test('an answer before the end of the upload goes out, and the rest is never read as a request', async () => {
  await using hasty = await UnrulyServer.open([
    steps.readHead,
    steps.send('HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno'),
    steps.stall,
  ]);
  const own = await freePort();
  const config = staticProxy({ listenPort: own, upstreamPort: hasty.port });
  await using _process = await ProxyProcess.start({ config, ports: [own] });
  await using client = await RawClient.connect({ port: own });
  const smuggled = 'GET /evil HTTP/1.1\r\nHost: t\r\n\r\n';
  await client.send(`POST / HTTP/1.1\r\nHost: t\r\nContent-Length: ${smuggled.length * 2}\r\n\r\n`);
  const early = await client.response();
  expect([early.status, early.text]).toEqual([413, 'no']);
  await client.send(smuggled + smuggled);
  await client.send('GET /after HTTP/1.1\r\nHost: t\r\n\r\n');
  expect((await client.response()).status).toBe(413);
  const seen = hasty.connections.map((connection) => connection.received.toString());
  expect(seen.map((text) => text.split(' HTTP')[0])).toEqual(['POST /', 'GET /after']);
});

test('HTTP/1.0 is refused where it is not asked for', async () => {
  const response = await fetchRaw(port, 'GET / HTTP/1.0');
  expect(response.status).toBe(426);
});
