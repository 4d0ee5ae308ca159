import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { RawClient } from '../../test/kit/raw-client.ts';
import { RecordingOrigin } from '../../test/kit/recording-origin.ts';
import { CHUNKED, EVIL, POST, REFUSED } from './fixtures/bad-requests.ts';
import { TinyProxy } from './fixtures/tiny-proxy.ts';

/**
 * The catalogue of bad requests: raw bytes through both codecs to an origin that trusts nobody. A
 * request is either refused, and not one byte of it arrives, or it arrives in canonical form.
 */

let origin: RecordingOrigin;
let proxy: TinyProxy;

beforeAll(async () => {
  origin = await RecordingOrigin.open({ answer: () => ({ body: 'ok' }) });
  proxy = await TinyProxy.open(origin.port);
});

afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  await origin[Symbol.asyncDispose]();
});

beforeEach(() => {
  origin.forget();
  proxy.rejections.length = 0;
});

/** Sends the bytes in one piece and returns the status of the only answer. */
async function refused(bytes: string): Promise<number> {
  await using client = await RawClient.connect({ port: proxy.port });
  await client.send(bytes);
  const received = (await client.untilEnd()).toString('latin1');
  expect(client.faults).toEqual([]);
  expect(received.match(/HTTP\/1\.1 /g)).toHaveLength(1);
  expect(received).toContain('connection: close\r\n');
  expect(origin.bytesReceived.toString('latin1')).toBe('');
  return Number(received.slice(9, 12));
}

/** Sends the bytes, reads `answers` answers, and returns what the origin saw. */
async function forwarded(bytes: string, answers = 1) {
  await using client = await RawClient.connect({ port: proxy.port });
  await client.send(bytes);
  for (let i = 0; i < answers; i++) expect((await client.response()).status).toBe(200);
  expect(origin.faults).toEqual([]);
  expect(client.faults).toEqual([]);
  return origin.requests;
}

describe('refused, closed, and nothing forwarded', () => {
  test.each(REFUSED.map(([name, bytes, status = 400]) => ({ name, bytes, status })))(
    '$name',
    async ({ bytes, status }) => {
      expect(await refused(bytes)).toBe(status);
      const rejections = proxy.rejections.map((rejection) => rejection.status);
      expect(rejections.length === 0 || rejections[0] === status).toBe(true);
    },
  );

  test('a request that is refused while it comes byte by byte is refused all the same', async () => {
    await using client = await RawClient.connect({ port: proxy.port });
    void client.sendInPieces(`${POST}Content-Length : 5\r\n\r\nhello`, 1);
    expect((await client.response()).status).toBe(400);
    expect(origin.bytesReceived.length).toBe(0);
  });
});

test('a refused body takes nothing with it: the origin keeps its connection, and hears nothing', async () => {
  await using fresh = await TinyProxy.open(origin.port);
  await using first = await RawClient.connect({ port: fresh.port });
  expect((await first.request('GET /1 HTTP/1.1')).status).toBe(200);
  await using second = await RawClient.connect({ port: fresh.port });
  await second.send(`${CHUNKED}5\r\nhello!!\r\n0\r\n\r\n`);
  expect((await second.response()).status).toBe(400);
  expect(fresh.idleClients).toBe(1);
  const { connection } = origin.requests[0];
  expect((await first.request('GET /2 HTTP/1.1')).status).toBe(200);
  expect(origin.requests.map((request) => [request.target, request.connection])).toEqual([
    ['/1', connection],
    ['/2', connection],
  ]);
  expect(origin.faults).toEqual([]);
});

describe('accepted, and forwarded in canonical form', () => {
  test('F12 a field that Connection names is taken off', async () => {
    const [request] = await forwarded(
      'GET /c HTTP/1.1\r\nHost: t\r\nX-Hop: 1\r\nConnection: keep-alive, x-hop\r\nX-End: 2\r\n\r\n',
    );
    expect(request.fields).toEqual([
      ['host', 't'],
      ['x-end', '2'],
    ]);
  });

  test('F13 a body on GET travels as a body and is never read as a request', async () => {
    const requests = await forwarded(
      `GET /c HTTP/1.1\r\nHost: t\r\nContent-Length: ${EVIL.length}\r\n\r\n${EVIL}`,
    );
    expect(requests.map(({ target }) => target)).toEqual(['/c']);
    expect(requests[0].body.toString()).toBe(EVIL);
  });

  test('F15 small extensions are read and dropped', async () => {
    const [request] = await forwarded(`${CHUNKED}5;a=b;c="d;\\"e"\r\nhello\r\n0;x\r\n\r\n`);
    expect(request.body.toString()).toBe('hello');
    expect(request.raw.toString()).not.toContain(';');
  });

  test('F18 trailers are dropped where they are not enabled', async () => {
    const [request] = await forwarded(`${CHUNKED}5\r\nhello\r\n0\r\nX: y\r\nHost: evil\r\n\r\n`);
    expect(request.body.toString()).toBe('hello');
    expect(request.trailers).toEqual([]);
  });

  test('F20 one empty line before the request is let pass', async () => {
    expect(await forwarded('\r\nGET /c HTTP/1.1\r\nHost: t\r\n\r\n')).toHaveLength(1);
  });

  test.each([
    ['http://Evil:80/c', 'evil:80', '/c'],
    ['HTTP://evil/c?x=1', 'evil', '/c?x=1'],
    ['http://evil', 'evil', '/'],
    ['http://evil?x', 'evil', '/?x'],
    ['https://[::1]:8443/', '[::1]:8443', '/'],
  ])('F22 the authority of %s wins over Host', async (target, host, path) => {
    const [request] = await forwarded(`GET ${target} HTTP/1.1\r\nHost: t\r\n\r\n`);
    expect([request.target, request.header('host')]).toEqual([path, host]);
  });

  test('F22 OPTIONS without a path asks for *', async () => {
    const requests = await forwarded(
      'OPTIONS http://t HTTP/1.1\r\nHost: t\r\n\r\nOPTIONS * HTTP/1.1\r\nHost: t\r\n\r\n',
      2,
    );
    expect(requests.map(({ target }) => target)).toEqual(['*', '*']);
  });

  test('F23 the authority is lower case', async () => {
    const [request] = await forwarded('GET /C HTTP/1.1\r\nHost: T.Example\r\n\r\n');
    expect([request.target, request.header('host')]).toEqual(['/C', 't.example']);
  });

  test('F24 high bytes in a value and odd but legal names pass as they are', async () => {
    const [request] = await forwarded(
      "GET / HTTP/1.1\r\nHost: t\r\nX: caf\xe9\r\nY:\r\nZ:\tz\t \r\n!#$%&'*+-.^_`|~0: ok\r\n\r\n",
    );
    expect(request.fields).toEqual([
      ['host', 't'],
      ['x', 'caf\xe9'],
      ['y', ''],
      ['z', 'z'],
      ["!#$%&'*+-.^_`|~0", 'ok'],
    ]);
  });

  test('F25 names that objects have by themselves are names like others', async () => {
    const [request] = await forwarded(
      'GET / HTTP/1.1\r\nHost: t\r\n__proto__: x\r\nconstructor: y\r\nhasOwnProperty: z\r\n\r\n',
    );
    expect(request.fields.slice(1)).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
      ['hasownproperty', 'z'],
    ]);
  });

  test('F26 an upgrade is taken off', async () => {
    const [request] = await forwarded(
      'GET / HTTP/1.1\r\nHost: t\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\nTE: trailers\r\nKeep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\n\r\n',
    );
    expect(request.fields).toEqual([['host', 't']]);
  });

  test('F30 pipelined requests are answered in order', async () => {
    const requests = await forwarded(
      `${POST}Content-Length: 0\r\n\r\n${CHUNKED}5\r\nhello\r\n0\r\n\r\n${POST}content-length: 2\r\n\r\nhi`,
      3,
    );
    expect(requests.map(({ body }) => body.toString())).toEqual(['', 'hello', 'hi']);
  });

  test('F30 of three pipelined requests the second is broken: the first is answered, then 400', async () => {
    await using client = await RawClient.connect({ port: proxy.port });
    await client.send(
      `GET /1 HTTP/1.1\r\nHost: t\r\n\r\nGET /2 HTTP/1.1\r\nHost : t\r\n\r\n${EVIL}`,
    );
    expect((await client.response()).status).toBe(200);
    expect((await client.response()).status).toBe(400);
    await client.untilEnd();
    expect(origin.requests.map(({ target }) => target)).toEqual(['/1']);
  });

  test('F30 what follows Connection: close is ignored', async () => {
    await using client = await RawClient.connect({ port: proxy.port });
    await client.send(`GET /1 HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n${EVIL}`);
    const answer = await client.response();
    expect([answer.status, answer.header('connection')]).toEqual([200, 'close']);
    await client.untilEnd();
    expect(origin.requests.map(({ target }) => target)).toEqual(['/1']);
  });
});
