import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { staticProxy } from '../../kit/envoy-config.ts';
import { freePort } from '../../kit/free-port.ts';
import { fetchRaw, RawClient } from '../../kit/raw-client.ts';
import { RecordingOrigin } from '../../kit/recording-origin.ts';
import { HOSTILE, TAMED } from './hostile-requests.ts';
import { ProxyProcess } from './proxy-process.ts';

const resources = new AsyncDisposableStack();
let origin: RecordingOrigin;
let port: number;

beforeAll(async () => {
  origin = resources.use(await RecordingOrigin.open({ answer: () => 'ok' }));
  port = await freePort();
  const manager = { normalize_path: true, merge_slashes: true };
  const config = staticProxy({ listenPort: port, upstreamPort: origin.port, manager });
  resources.use(await ProxyProcess.start({ config, ports: [port] }));
});

afterAll(() => resources.disposeAsync());

beforeEach(() => origin.forget());

describe('refused: one answer, the connection closed, and not a byte at the origin', () => {
  test.each(HOSTILE.map(([name, bytes, status = 400]) => ({ name, bytes, status })))(
    '$name',
    async ({ bytes, status }) => {
      await using client = await RawClient.connect({ port });
      await client.send(bytes);
      const received = (await client.untilEnd()).toString('latin1');
      expect(received.match(/HTTP\/1\.1 /g)).toHaveLength(1);
      const found = Number(received.slice(9, 12));
      if (status === 0) expect([400, 404, 405, 413, 431, 501, 505]).toContain(found);
      else expect(found).toBe(status);
      expect(received).toContain('\r\nconnection: close\r\n');
      expect(origin.bytesReceived.toString('latin1')).toBe('');
    },
  );
});

describe('accepted and forwarded in canonical form', () => {
  test.each(TAMED.map(([name, bytes, requests]) => ({ name, bytes, requests })))(
    '$name',
    async ({ bytes, requests }) => {
      await using client = await RawClient.connect({ port });
      await client.send(bytes);
      for (const _ of requests) expect((await client.response()).status).toBe(200);
      expect(origin.faults).toEqual([]);
      expect(client.faults).toEqual([]);
      const arrived = origin.requests.map(({ target, body }) => ({ target, body: `${body}` }));
      const expected = requests.map(({ target, body = '' }) => ({ target, body }));
      expect(arrived.sort(byTarget)).toEqual(expected.sort(byTarget));
    },
  );
});

function byTarget(a: { target: string; body: string }, b: { target: string; body: string }) {
  return `${a.target} ${a.body}`.localeCompare(`${b.target} ${b.body}`);
}

test('a body that goes wrong after a good beginning never makes a whole request', async () => {
  await using client = await RawClient.connect({ port });
  await client.send(
    'POST /c HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n',
  );
  await client.send('0x5\r\nGET /evil HTTP/1.1\r\nHost: t\r\n\r\n');
  await client.untilEnd();
  expect(origin.requests).toEqual([]);
  expect((await fetchRaw(port, 'GET /next HTTP/1.1')).status).toBe(200);
  expect(origin.requests.map((request) => request.target)).toEqual(['/next']);
});

test('a body cut short never makes a whole request', async () => {
  const cuts = ['Content-Length: 9\r\n\r\nhello', 'Transfer-Encoding: chunked\r\n\r\n5\r\nhel'];
  for (const cut of cuts) {
    const client = await RawClient.connect({ port });
    await client.send(`POST /c HTTP/1.1\r\nHost: t\r\n${cut}`);
    client.end();
    await client.untilEnd();
  }
  expect(origin.requests).toEqual([]);
});

test('the second of two pipelined requests is refused after the first was answered', async () => {
  await using client = await RawClient.connect({ port });
  await client.send('GET /1 HTTP/1.1\r\nHost: t\r\n\r\nGET /2 HTTP/1.1\r\nHost : t\r\n\r\n');
  expect((await client.response()).status).toBe(200);
  expect((await client.response()).status).toBe(400);
  await client.untilEnd();
  expect(origin.requests.map((request) => request.target)).toEqual(['/1']);
});

test('after Connection: close nothing more is read', async () => {
  await using client = await RawClient.connect({ port });
  await client.send(
    'GET /1 HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\nGET /evil HTTP/1.1\r\nHost: t\r\n\r\n',
  );
  expect((await client.response()).status).toBe(200);
  await client.untilEnd();
  expect(origin.requests.map((request) => request.target)).toEqual(['/1']);
});

test.each(['/c%00', '/c%zz', '/c%', '/c%u002f'])('%s is no path: 400', async (path) => {
  expect((await fetchRaw(port, `GET ${path} HTTP/1.1`)).status).toBe(400);
  expect(origin.requestCount).toBe(0);
});

test('hop-by-hop fields stay with us, fields named by Connection too', async () => {
  const lines: readonly (readonly [string, string])[] = [
    ['connection', 'keep-alive, x-hop, te'],
    ['keep-alive', 'timeout=5'],
    ['proxy-connection', 'keep-alive'],
    ['x-hop', '1'],
    ['te', 'gzip'],
    ['authorization', 'Bearer x'],
  ];
  await fetchRaw(port, 'POST /c HTTP/1.1', lines, 'body');
  const [request] = origin.requests;
  const names = request!.fields.map(([name]) => name.toLowerCase());
  for (const gone of ['keep-alive', 'proxy-connection', 'x-hop', 'te', 'upgrade']) {
    expect(names).not.toContain(gone);
  }
  expect(request!.header('authorization')).toBe('Bearer x');
  expect([request!.header('host'), request!.body.toString()]).toEqual(['test', 'body']);
});

test('absolute form decides about the host, whatever Host says', async () => {
  await fetchRaw(port, 'GET http://other:81/c?d HTTP/1.1', [['host', 'test']]);
  expect(origin.requests[0]!.header('host')).toBe('other:81');
  expect(origin.requests[0]!.target).toBe('/c?d');
});
