import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { staticProxy } from '../../kit/envoy-config.ts';
import { freePort } from '../../kit/free-port.ts';
import { fetchRaw, RawClient } from '../../kit/raw-client.ts';
import { steps, UnrulyServer } from '../../kit/unruly-server.ts';
import { waitFor } from '../../kit/wait-for.ts';
import { ProxyProcess } from './proxy-process.ts';

const resources = new AsyncDisposableStack();
let origin: UnrulyServer;
let port: number;

beforeAll(async () => {
  origin = resources.use(await UnrulyServer.open());
  port = await freePort();
  const config = staticProxy({ listenPort: port, upstreamPort: origin.port });
  resources.use(await ProxyProcess.start({ config, ports: [port] }));
});

afterAll(() => resources.disposeAsync());

const OK = 'HTTP/1.1 200 OK\r\n';
const GOOD = `${OK}content-length: 4\r\n\r\ngood`;
const CHUNKED = `${OK}transfer-encoding: chunked\r\n\r\n`;

/** The next connection gets this answer, those after it a good one. */
function answerWith(bytes: string): void {
  const next = origin.connections.length;
  origin.setScript((connection) =>
    connection === next
      ? [steps.readHead, steps.send(bytes), steps.readHead, steps.send(GOOD)]
      : [steps.readHead, steps.send(GOOD)],
  );
}

/** All connections that stand are gone, so that a request has to open one. */
async function closeAll(): Promise<void> {
  for (const connection of origin.connections) connection.destroy();
  await waitFor('the connections to close', () =>
    origin.connections.every(({ peer }) => peer === 'closed' || peer === 'reset'),
  );
}

const BAD_HEADS: readonly (readonly [name: string, bytes: string])[] = [
  ['both framings', `${OK}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
  ['two lengths', `${OK}content-length: 4\r\ncontent-length: 5\r\n\r\ngood!`],
  ['a length with a sign', `${OK}content-length: +4\r\n\r\ngood`],
  ['a length beyond all bounds', `${OK}content-length: 99999999999999999999\r\n\r\ngood`],
  ['a bare LF', 'HTTP/1.1 200 OK\ncontent-length: 4\r\n\r\ngood'],
  ['a folded field', `${OK}a: b\r\n c\r\ncontent-length: 4\r\n\r\ngood`],
  ['NUL in a field', `${OK}a: \0\r\ncontent-length: 4\r\n\r\ngood`],
  ['a space before the colon', `${OK}content-length : 4\r\n\r\ngood`],
  ['status 99', 'HTTP/1.1 99 x\r\ncontent-length: 4\r\n\r\ngood'],
  ['status 1000', 'HTTP/1.1 1000 x\r\ncontent-length: 4\r\n\r\ngood'],
  ['status 2e2', 'HTTP/1.1 2e2 x\r\ncontent-length: 4\r\n\r\ngood'],
  ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
  ['a switch nobody asked for', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n'],
  ['a transfer coding that we do not know', `${OK}transfer-encoding: gzip\r\n\r\ngood`],
  ['a head of 1 MiB', `${OK}a: ${'x'.repeat(1_048_576)}\r\n\r\n`],
  ['informational answers without end', 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(5_000)],
];

describe('an answer that is no HTTP is a 502, and its connection is not used again', () => {
  test.each(BAD_HEADS)('%s', async (_, bytes) => {
    await closeAll();
    answerWith(bytes);
    const bad = origin.connections.length;
    const answer = await fetchRaw(port, 'GET / HTTP/1.1');
    expect(answer.status).toBe(502);
    expect(answer.text).toContain('protocol error');
    await waitFor('the connection to close', () => origin.connections[bad]!.peer !== 'open');
    expect((await fetchRaw(port, 'GET / HTTP/1.1')).text).toBe('good');
  });
});

const BAD_BODIES: readonly (readonly [name: string, bytes: string])[] = [
  ['a chunk size with a sign', `${CHUNKED}4\r\ngood\r\n+4\r\ngood\r\n0\r\n\r\n`],
  ['a chunk longer than said', `${CHUNKED}4\r\ngood!!\r\n0\r\n\r\n`],
  ['LF after a chunk size', `${CHUNKED}4\r\ngood\r\n4\ngood\r\n0\r\n\r\n`],
];

describe('a body that breaks never looks whole to the client', () => {
  test.each(BAD_BODIES)('%s', async (_, bytes) => {
    await closeAll();
    answerWith(bytes);
    await using client = await RawClient.connect({ port });
    await client.send('GET / HTTP/1.1\r\nHost: t\r\n\r\n');
    const received = (await client.untilEnd()).toString('latin1');
    expect(received).not.toMatch(/\r\n0\r\n\r\n$/);
    expect((await fetchRaw(port, 'GET / HTTP/1.1')).text).toBe('good');
  });

  test('one that ends before its length', async () => {
    await closeAll();
    origin.setScript([
      steps.readHead,
      steps.send(`${OK}content-length: 10\r\n\r\nhalf`),
      steps.close,
    ]);
    await using client = await RawClient.connect({ port });
    await client.send('GET / HTTP/1.1\r\nHost: t\r\n\r\n');
    const received = (await client.untilEnd()).toString('latin1');
    expect(received).toMatch(/content-length: 10\r\n/);
    expect(received).toMatch(/half$/);
  });
});

test('what comes after an answer spoils its connection and reaches nobody', async () => {
  await closeAll();
  const next = origin.connections.length;
  answerWith(`${GOOD}HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil`);
  await using client = await RawClient.connect({ port });
  expect((await client.request('GET /1 HTTP/1.1')).text).toBe('good');
  await waitFor('the connection to close', () => origin.connections[next]!.peer !== 'open');
  expect((await client.request('GET /2 HTTP/1.1')).text).toBe('good');
  expect(origin.connections[next]!.received.toString()).not.toContain('/2');
});

test('an answer without framing ends with its connection and is passed on chunked', async () => {
  await closeAll();
  origin.setScript([steps.readHead, steps.send('HTTP/1.1 200 OK\r\n\r\nall of it'), steps.close]);
  const answer = await fetchRaw(port, 'GET / HTTP/1.1');
  expect([answer.status, answer.text, answer.framing]).toEqual([200, 'all of it', 'chunked']);
});

test('204, 304 and answers to HEAD have no body, whatever follows them', async () => {
  const answers: readonly (readonly [string, string, number])[] = [
    ['GET / HTTP/1.1', 'HTTP/1.1 204 No Content\r\n\r\n', 204],
    ['GET / HTTP/1.1', 'HTTP/1.1 304 Not Modified\r\netag: "x"\r\n\r\n', 304],
    ['HEAD / HTTP/1.1', `${OK}content-length: 4\r\n\r\n`, 200],
  ];
  for (const [line, bytes, status] of answers) {
    await closeAll();
    answerWith(bytes);
    await using client = await RawClient.connect({ port });
    const answer = await client.request(line);
    expect([answer.status, answer.text]).toEqual([status, '']);
    if (status === 200) expect(answer.header('content-length')).toBe('4');
    expect((await client.request('GET / HTTP/1.1')).status).toBeLessThan(500);
  }
});

test('an origin that closes or resets at once is a 503', async () => {
  for (const step of [steps.close, steps.reset]) {
    await closeAll();
    origin.setScript([steps.readHead, step]);
    const answer = await fetchRaw(port, 'POST / HTTP/1.1', [], 'x');
    expect(answer.status).toBe(503);
    expect(answer.text).toMatch(/^upstream connect error or disconnect\/reset before headers/);
  }
});
