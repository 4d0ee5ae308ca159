import { describe, expect, test } from 'vitest';
import { RawClient } from '../../test/kit/raw-client.ts';
import { brokenAtEachByte, steps, UnrulyServer } from '../../test/kit/unruly-server.ts';
import { waitFor } from '../../test/kit/wait-for.ts';
import { TinyProxy } from './fixtures/tiny-proxy.ts';

/** Catalogue F32: what a malicious or broken origin may answer. */

const OK = 'HTTP/1.1 200 OK\r\n';
const BODY = `${OK}content-length: 2\r\n\r\nok`;

/** Answers that break the protocol before their head is complete: 502, and nothing is kept. */
const BROKEN_HEADS: readonly string[] = [
  `${OK}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
  `${OK}content-length: 2\r\ncontent-length: 2\r\n\r\nok`,
  `${OK}content-length: 2\r\ncontent-length: 3\r\n\r\nok`,
  `${OK}content-length: 2, 2\r\n\r\nok`,
  `${OK}content-length: +2\r\n\r\nok`,
  `${OK}content-length: 9223372036854775808\r\n\r\nok`,
  `${OK}transfer-encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
  `${OK}transfer-encoding : chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
  'HTTP/1.1 200\n\n',
  'HTTP/1.1 200 OK\nx: y\n\n',
  `${OK}x: y\r\n folded\r\n\r\n`,
  `${OK}x: \0\r\n\r\n`,
  `${OK}x: a\rb\r\n\r\n`,
  `${OK}(x: y\r\n\r\n`,
  `${OK}: y\r\n\r\n`,
  'HTTP/1.1 99 Low\r\n\r\n',
  'HTTP/1.1 1000 High\r\n\r\n',
  'HTTP/1.1 2e2 OK\r\n\r\n',
  'HTTP/1.1 20 OK\r\n\r\n',
  'HTTP/1.1  200 OK\r\n\r\n',
  'HTTP/2.0 200 OK\r\n\r\n',
  'http/1.1 200 OK\r\n\r\n',
  'HTTP/1.1 200 O\0K\r\n\r\n',
  '\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n',
  'ICY 200 OK\r\n\r\n',
  '\x16\x03\x01',
  'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n',
  'HTTP/1.1 204 No Content\r\ncontent-length: 2\r\n\r\nok',
  'HTTP/1.1 204 No Content\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
  'HTTP/1.1 100 Continue\r\ncontent-length: 2\r\n\r\nok',
  'HTTP/1.1 102 Processing\r\n\r\n'.repeat(1000),
  `HTTP/1.1 200 ${'O'.repeat(65_000)}\r\n\r\n`,
  `${OK}x: ${'y'.repeat(1_000_000)}\r\n\r\n`,
  `${OK}${'x: y\r\n'.repeat(101)}\r\n`,
  'HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
];

describe('an answer that breaks the protocol', () => {
  test.each(BROKEN_HEADS.map((bytes) => ({ bytes, name: JSON.stringify(bytes.slice(0, 100)) })))(
    '$name is 502, and its connection is not used again',
    async ({ bytes }) => {
      await using origin = await UnrulyServer.open([
        steps.readHead,
        steps.send(bytes),
        steps.stall,
      ]);
      await using proxy = await TinyProxy.open(origin.port);
      await using client = await RawClient.connect({ port: proxy.port });
      const answer = await finalAnswer(client);
      expect(answer.status).toBe(502);
      await waitFor('the upstream connection to go', () => proxy.upstreamConnections === 0);
      expect(proxy.idleClients).toBe(0);
      expect(client.faults).toEqual([]);
    },
  );

  test.each([
    'G\r\n',
    '2\r\nokk\r\n',
    '2\nok\r\n',
    '0\r\nx : y\r\n\r\n',
    '100000005\r\n',
    '2 \r\nok\r\n',
  ])(
    'a body that goes on with %j ends the connection of the client: it must not look complete',
    async (rest) => {
      const chunked = `${OK}transfer-encoding: chunked\r\n\r\n2\r\nok\r\n`;
      await using origin = await UnrulyServer.open([
        steps.readHead,
        steps.send(chunked),
        steps.stall,
        steps.send(rest),
        steps.stall,
      ]);
      await using proxy = await TinyProxy.open(origin.port);
      await using client = await RawClient.connect({ port: proxy.port });
      await client.send('GET / HTTP/1.1\r\nHost: t\r\n\r\n');
      await waitFor('the first chunk', () => client.received.toString().includes('ok'));
      (await origin.connection(0)).resume();
      const received = (await client.untilEnd()).toString();
      expect(received).not.toContain('\r\n0\r\n');
      await waitFor('the upstream connection to go', () => proxy.upstreamConnections === 0);
    },
  );
});

describe('bytes that nobody asked for', () => {
  const second = 'HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison';

  test('behind an answer, in the same piece: the connection is not used again', async () => {
    await using origin = await UnrulyServer.open([
      steps.readHead,
      steps.send(BODY + second),
      steps.stall,
    ]);
    await using proxy = await TinyProxy.open(origin.port);
    await using client = await RawClient.connect({ port: proxy.port });
    expect((await client.request('GET /1 HTTP/1.1')).text).toBe('ok');
    expect((await client.request('GET /2 HTTP/1.1')).text).toBe('ok');
    expect(origin.connections).toHaveLength(2);
  });

  test('on an idle connection: it is closed', async () => {
    await using origin = await UnrulyServer.open([
      steps.readHead,
      steps.send(BODY),
      steps.stall,
      steps.send(second),
      steps.stall,
    ]);
    await using proxy = await TinyProxy.open(origin.port);
    await using client = await RawClient.connect({ port: proxy.port });
    expect((await client.request('GET /1 HTTP/1.1')).text).toBe('ok');
    expect(proxy.idleClients).toBe(1);
    (await origin.connection(0)).resume();
    await waitFor('the upstream connection to go', () => proxy.upstreamConnections === 0);
    expect((await client.request('GET /2 HTTP/1.1')).text).toBe('ok');
  });

  test('before any request: it is closed', async () => {
    await using origin = await UnrulyServer.open([steps.send(second), steps.stall]);
    await using proxy = await TinyProxy.open(origin.port);
    proxy.acquire((opened) => opened);
    await waitFor('the upstream connection', () => origin.connections.length === 1);
    await waitFor('it to go', () => proxy.upstreamConnections === 0);
  });

  test('a body behind an answer to HEAD: the connection is not used again', async () => {
    await using origin = await UnrulyServer.open([steps.readHead, steps.send(BODY), steps.stall]);
    await using proxy = await TinyProxy.open(origin.port);
    await using client = await RawClient.connect({ port: proxy.port });
    expect((await client.request('HEAD /1 HTTP/1.1')).header('content-length')).toBe('2');
    expect((await client.request('GET /2 HTTP/1.1')).text).toBe('ok');
    expect(origin.connections).toHaveLength(2);
  });
});

describe('an answer that is cut off', () => {
  test.each([
    [OK, 503],
    ['', 503],
  ])('after %j: the client hears of it', async (bytes, status) => {
    await using origin = await UnrulyServer.open([steps.readHead, steps.send(bytes), steps.close]);
    await using proxy = await TinyProxy.open(origin.port);
    await using client = await RawClient.connect({ port: proxy.port });
    expect((await finalAnswer(client)).status).toBe(status);
  });

  test('at any byte never looks complete, by FIN or by RST', async () => {
    const answer = `${OK}x: y\r\ncontent-length: 5\r\n\r\nhello`;
    for (const fault of [steps.halfClose, steps.reset]) {
      for (const script of brokenAtEachByte(answer, fault)) {
        await using origin = await UnrulyServer.open(script);
        await using proxy = await TinyProxy.open(origin.port);
        await using client = await RawClient.connect({ port: proxy.port });
        await client.send('GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n');
        const received = (await client.untilEnd()).toString();
        const whole = script.some((step) => step.kind === 'send' && step.bytes === answer);
        expect(received.startsWith('HTTP/1.1 200') && received.endsWith('hello')).toBe(
          whole && received.startsWith('HTTP/1.1 200'),
        );
        await waitFor('the upstream connection to go', () => proxy.upstreamConnections === 0);
      }
    }
  });
});

describe('answers of other shapes', () => {
  test('one that ends with the connection is passed on to its end', async () => {
    await using origin = await UnrulyServer.open([
      steps.readHead,
      steps.send('HTTP/1.1 200 OK\r\n\r\nabc'),
      steps.send('def'),
      steps.halfClose,
    ]);
    await using proxy = await TinyProxy.open(origin.port);
    await using client = await RawClient.connect({ port: proxy.port });
    const answer = await client.request('GET / HTTP/1.1');
    expect([answer.text, answer.framing]).toEqual(['abcdef', 'chunked']);
    await waitFor('the upstream connection to go', () => proxy.upstreamConnections === 0);
  });

  test('one that says close is passed on, and its connection is not used again', async () => {
    await using origin = await UnrulyServer.open([
      steps.readHead,
      steps.send(`${OK}Connection: close\r\nContent-Length: 2\r\n\r\nok`),
      steps.stall,
    ]);
    await using proxy = await TinyProxy.open(origin.port);
    await using client = await RawClient.connect({ port: proxy.port });
    const answer = await client.request('GET / HTTP/1.1');
    expect(answer.fields).toEqual([['content-length', '2']]);
    await waitFor('the upstream connection to go', () => proxy.upstreamConnections === 0);
  });

  test('one that comes byte by byte, with interim answers, is read like any other', async () => {
    await using origin = await UnrulyServer.open([
      steps.readHead,
      steps.drip(
        `HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200\r\nA:b\r\ntransfer-encoding: Chunked\r\n\r\n`,
      ),
      steps.drip('2\r\nok\r\n0\r\n\r\n'),
      steps.stall,
    ]);
    await using proxy = await TinyProxy.open(origin.port);
    await using client = await RawClient.connect({ port: proxy.port });
    await client.send('GET / HTTP/1.1\r\nHost: t\r\n\r\n');
    const hints = await client.response();
    expect([hints.status, hints.header('link')]).toEqual([103, 'x']);
    const answer = await client.response();
    expect([answer.text, answer.header('a')]).toEqual(['ok', 'b']);
    expect(proxy.idleClients).toBe(1);
  });

  test('one that comes before the request was sent to its end: no connection is left in doubt', async () => {
    await using origin = await UnrulyServer.open([steps.readHead, steps.send(BODY), steps.stall]);
    await using proxy = await TinyProxy.open(origin.port);
    await using client = await RawClient.connect({ port: proxy.port });
    await client.send('POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\n\r\nab');
    expect((await client.response()).text).toBe('ok');
    expect(proxy.idleClients).toBe(0);
    await client.send('cdGET / HTTP/1.1\r\nHost: t\r\n\r\n');
    expect((await client.response()).text).toBe('ok');
  });
});

async function finalAnswer(client: RawClient) {
  await client.send('GET / HTTP/1.1\r\nHost: t\r\n\r\n');
  for (;;) {
    const answer = await client.response();
    if (answer.status >= 200) return answer;
  }
}
