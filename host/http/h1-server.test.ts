import { SteppedClock } from '@lateen/sdk/base/stepped-clock';
import { describe, expect, test } from 'vitest';
import { RawClient } from '../../test/kit/raw-client.ts';
import { RecordingOrigin } from '../../test/kit/recording-origin.ts';
import { steps, UnrulyServer } from '../../test/kit/unruly-server.ts';
import { waitFor } from '../../test/kit/wait-for.ts';
import { SilentServer } from './fixtures/silent-server.ts';
import { TinyProxy } from './fixtures/tiny-proxy.ts';
import { type H1ServerOptions, openCodecServices } from './h1-options.ts';
import { HeaderMap } from './header-map.ts';

const GET = 'GET /x HTTP/1.1\r\nHost: t\r\n\r\n';
const POST = 'POST /x HTTP/1.1\r\nHost: t\r\n';

function head(...pairs: [string, string][]): HeaderMap {
  return HeaderMap.fromPairs(pairs);
}

describe('a connection', () => {
  test('serves one request after the other, over one connection to the origin', async () => {
    await using origin = await RecordingOrigin.open({ answer: (r) => r.target });
    await using proxy = await TinyProxy.open(origin.port);
    await using client = await RawClient.connect({ port: proxy.port });
    for (const target of ['/1', '/2', '/3']) {
      expect((await client.request(`GET ${target} HTTP/1.1`)).text).toBe(target);
    }
    expect(origin.connections).toHaveLength(1);
    expect(origin.faults).toEqual([]);
    expect(proxy.services.timers.armed).toBe(1);
  });

  test('reads a request that comes byte by byte as if it came at once', async () => {
    await using origin = await RecordingOrigin.open({ answer: (r) => r.body.toString() });
    await using proxy = await TinyProxy.open(origin.port, {
      server: { trailers: true },
      client: { trailers: true },
    });
    await using client = await RawClient.connect({ port: proxy.port });
    const request = `${POST}X-Y: z\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;e\r\nde\r\n0\r\nT: u\r\n\r\n`;
    void client.sendInPieces(request + request, 1);
    expect((await client.response()).text).toBe('abcde');
    expect((await client.response()).text).toBe('abcde');
    expect(origin.requests[1].fields).toContainEqual(['x-y', 'z']);
    expect(origin.requests[1].trailers).toEqual([['t', 'u']]);
  });

  test('answers HEAD, 204 and 304 without a body, and goes on', async () => {
    await using origin = await RecordingOrigin.open({
      answer: ({ method, target }) =>
        method === 'HEAD' ? { body: 'five!' } : { status: Number(target.slice(1)) },
    });
    await using proxy = await TinyProxy.open(origin.port);
    await using client = await RawClient.connect({ port: proxy.port });
    const answer = await client.request('HEAD /x HTTP/1.1');
    expect([answer.header('content-length'), answer.text]).toEqual(['5', '']);
    expect((await client.request('GET /204 HTTP/1.1')).header('content-length')).toBe(undefined);
    expect((await client.request('GET /304 HTTP/1.1')).framing).toBe('none');
    expect((await client.request('GET /200 HTTP/1.1')).header('content-length')).toBe('0');
    expect(client.faults).toEqual([]);
  });

  test('passes 100 on, and the body after it', async () => {
    await using origin = await RecordingOrigin.open({
      onHead: () => 'HTTP/1.1 100 Continue\r\n\r\n',
      answer: (r) => r.body.toString(),
    });
    await using proxy = await TinyProxy.open(origin.port);
    await using client = await RawClient.connect({ port: proxy.port });
    await client.send(`${POST}Expect: 100-continue\r\nContent-Length: 5\r\n\r\n`);
    expect((await client.response()).status).toBe(100);
    await client.send('hello');
    expect((await client.response()).text).toBe('hello');
    expect(origin.connections).toHaveLength(1);
  });

  test('speaks HTTP/1.0 where it may: the answer ends with the connection or has a length', async () => {
    await using origin = await RecordingOrigin.open({
      answer: ({ target }) => (target === '/chunks' ? { chunks: ['a', 'b'] } : 'cd'),
    });
    await using proxy = await TinyProxy.open(origin.port, { server: { acceptHttp10: true } });
    await using client = await RawClient.connect({ port: proxy.port });
    await client.send('GET / HTTP/1.0\r\nHost: t\r\nConnection: keep-alive\r\n\r\n');
    expect((await client.response()).header('connection')).toBe('keep-alive');
    await client.send('GET /chunks HTTP/1.0\r\nHost: t\r\nConnection: keep-alive\r\n\r\n');
    expect((await client.untilEnd()).toString()).toMatch(/connection: close\r\n\r\nab$/);
    expect(origin.faults).toEqual([]);
  });

  test('draining says close with the next answer, and an idle connection can be closed', async () => {
    await using origin = await RecordingOrigin.open();
    await using proxy = await TinyProxy.open(origin.port);
    await using client = await RawClient.connect({ port: proxy.port });
    await using idle = await RawClient.connect({ port: proxy.port });
    await client.request('GET /1 HTTP/1.1');
    await idle.request('GET /2 HTTP/1.1');
    const [busy, free] = [...proxy.connections];
    busy.drain();
    expect((await client.request('GET /3 HTTP/1.1')).header('connection')).toBe('close');
    await client.untilEnd();
    expect(free.closeIfIdle()).toBe(true);
    await idle.untilEnd();
  });
});

describe('time limits', () => {
  async function stepped(server: Partial<H1ServerOptions> = {}) {
    const clock = new SteppedClock();
    const origin = await RecordingOrigin.open();
    const services = openCodecServices(clock);
    const proxy = await TinyProxy.open(origin.port, { services, server });
    return { clock, origin, proxy };
  }

  test('a head that does not end is answered 408, however slowly it drips', async () => {
    const { clock, origin, proxy } = await stepped();
    await using _ = origin;
    await using __ = proxy;
    await using client = await RawClient.connect({ port: proxy.port });
    await client.send('GET / HTTP/1.1\r\nX: ');
    await waitFor('an answer', async () => {
      await client.send('y');
      await clock.advanceAndSettle(500);
      return client.received.length > 0;
    });
    expect((await client.response()).status).toBe(408);
    await client.untilEnd();
    expect(clock.now()).toBeGreaterThanOrEqual(10_000);
    expect(proxy.rejections[0].details).toBe('request_header_timeout');
  });

  test('a connection that says nothing, or nothing more, is closed without a word', async () => {
    const { clock, origin, proxy } = await stepped();
    await using _ = origin;
    await using __ = proxy;
    await using silent = await RawClient.connect({ port: proxy.port });
    await using idle = await RawClient.connect({ port: proxy.port });
    await idle.request('GET / HTTP/1.1');
    const length = idle.received.length;
    await waitFor('both connections', () => proxy.connections.size === 2);
    await clock.advanceAndSettle(60_020);
    expect((await silent.untilEnd()).length).toBe(0);
    expect(idle.state).toBe('open');
    await clock.advanceAndSettle(3_600_000);
    expect((await idle.untilEnd()).length).toBe(length);
    silent.end();
    idle.end();
    await waitFor('all to be closed', () => proxy.connections.size === 0);
    expect(clock.pending).toBe(0);
  });

  test.each([
    [200, 201],
    [0, 60_020],
  ])(
    'with an idle limit of %i ms a connection that says nothing lasts until %i ms',
    async (idleTimeoutMs, endMs) => {
      const { clock, origin, proxy } = await stepped({ idleTimeoutMs });
      await using _ = origin;
      await using __ = proxy;
      await using silent = await RawClient.connect({ port: proxy.port });
      await waitFor('the connection', () => proxy.connections.size === 1);
      await clock.advanceAndSettle(endMs - 50);
      expect(silent.state).toBe('open');
      await clock.advanceAndSettle(100);
      expect((await silent.untilEnd()).length).toBe(0);
    },
  );

  test('a refused client that never closes is closed in the end', async () => {
    const { clock, origin, proxy } = await stepped();
    await using _ = origin;
    await using __ = proxy;
    await using client = await RawClient.connect({ port: proxy.port });
    await client.send('garbage\0');
    await client.untilEnd();
    expect(proxy.connections.size).toBe(1);
    await clock.advanceAndSettle(1020);
    await waitFor('the connection to be gone', () => proxy.connections.size === 0);
  });

  test('a half-closed client gets its answer, but is not waited for without end', async () => {
    const { clock, origin, proxy } = await stepped();
    await using _ = origin;
    await using __ = proxy;
    await using client = await RawClient.connect({ port: proxy.port });
    await client.send(GET);
    client.end();
    expect((await client.response()).status).toBe(200);
    await client.untilEnd();

    await using slow = await SilentServer.open();
    await using waiting = await TinyProxy.open(slow.port, { services: openCodecServices(clock) });
    await using gone = await RawClient.connect({ port: waiting.port });
    await gone.send(GET);
    await waitFor('the request', () => slow.received > 0);
    gone.end();
    await waitFor('the abort', async () => {
      await clock.advanceAndSettle(500);
      return waiting.resets.length > 0;
    });
    await waitFor('the upstream connection to go', () => waiting.upstreamConnections === 0);
  });

  test('a half-closed client is waited for while its answer goes on, and no longer', async () => {
    const answer = 'HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\na';
    const more = [steps.send('b'), steps.stall];
    await using origin = await UnrulyServer.open([
      steps.readHead,
      steps.send(answer),
      steps.stall,
      ...more,
    ]);
    const clock = new SteppedClock();
    const services = openCodecServices(clock);
    await using proxy = await TinyProxy.open(origin.port, { services });
    await using client = await RawClient.connect({ port: proxy.port });
    await client.send(GET);
    const connection = await origin.connection(0);
    await waitFor('the beginning', () => client.received.toString().endsWith('\r\n\r\na'));
    client.end();
    await clock.advanceAndSettle(900);
    connection.resume();
    await waitFor('more', () => client.received.toString().endsWith('ab'));
    await clock.advanceAndSettle(900);
    expect(proxy.resets).toEqual([]);
    await waitFor('the abort', async () => {
      await clock.advanceAndSettle(500);
      return proxy.resets.length > 0;
    });
  });
});

describe('early answers', () => {
  test('a little unread body is read and dropped; the next request is served', async () => {
    await using origin = await RecordingOrigin.open();
    await using proxy = await TinyProxy.open(origin.port, {
      onHead: (_, writer) => {
        writer.writeHead(head([':status', '200']), true);
        return true;
      },
    });
    await using client = await RawClient.connect({ port: proxy.port });
    await client.send(`${POST}Content-Length: ${GET.length}\r\n\r\n`);
    expect((await client.response()).header('connection')).toBe(undefined);
    await client.send(`${GET}${POST}Transfer-Encoding: chunked\r\n\r\n`);
    expect((await client.response()).status).toBe(200);
    await client.send(`2\r\nab\r\n0\r\nX: y\r\n\r\n${GET}`);
    expect((await client.response()).status).toBe(200);
    expect(client.faults).toEqual([]);
    expect(origin.bytesReceived.length).toBe(0);
  });

  test('much unread body closes the connection, and the answer arrives all the same', async () => {
    await using origin = await RecordingOrigin.open();
    await using proxy = await TinyProxy.open(origin.port, {
      onHead: (_, writer) => {
        writer.writeHead(head([':status', '413'], ['content-length', '2']), false);
        writer.writeData(Buffer.from('no'), true);
        return true;
      },
    });
    await using client = await RawClient.connect({ port: proxy.port });
    await client.send(`${POST}Content-Length: 20000000\r\n\r\n`);
    void client.send(Buffer.alloc(3_000_000));
    const answer = await client.response();
    expect([answer.status, answer.text]).toEqual([413, 'no']);
    expect(answer.header('connection')).toBe('close');
    await client.untilEnd();
  });

  test('a final answer instead of 100 closes: the client may send its body or not', async () => {
    await using origin = await RecordingOrigin.open();
    await using proxy = await TinyProxy.open(origin.port, {
      onHead: (_, writer) => {
        writer.writeHead(head([':status', '403']), true);
        return true;
      },
    });
    await using client = await RawClient.connect({ port: proxy.port });
    await client.send(`${POST}Expect: 100-continue\r\nContent-Length: ${GET.length}\r\n\r\n${GET}`);
    expect((await client.response()).header('connection')).toBe('close');
    expect((await client.untilEnd()).toString().match(/HTTP/g)).toHaveLength(1);
  });
});

describe('answers that cannot be written', () => {
  test.each([
    ['more bytes than its length', ['5', 'too long']],
    ['fewer bytes than its length', ['50', 'too short']],
  ])('%s: the connection is closed and the wrong bytes are not sent', async (_, [length, body]) => {
    await using origin = await RecordingOrigin.open();
    await using proxy = await TinyProxy.open(origin.port, {
      onHead: (_head, writer) => {
        writer.writeHead(head([':status', '200'], ['content-length', length]), false);
        writer.writeData(Buffer.from(body), true);
        return true;
      },
    });
    await using client = await RawClient.connect({ port: proxy.port });
    await client.send(GET);
    expect((await client.untilEnd()).toString()).toBe('');
    expect(proxy.resets).toEqual(['local-reset http1.content_length_mismatch']);
  });

  test('framing and hop-by-hop fields of a module are not copied', async () => {
    await using origin = await RecordingOrigin.open();
    await using proxy = await TinyProxy.open(origin.port, {
      onHead: (_, writer) => {
        const answer = head(
          [':status', '200'],
          ['transfer-encoding', 'gzip'],
          ['content-length', '3'],
          ['content-length', '4'],
          ['keep-alive', 'x'],
          ['connection', 'close'],
          ['x', 'y'],
        );
        writer.writeHead(answer, false);
        writer.writeData(Buffer.from('ab'), true);
        return true;
      },
    });
    await using client = await RawClient.connect({ port: proxy.port });
    await client.send(GET);
    const answer = await client.response();
    expect(answer.fields).toEqual([
      ['x', 'y'],
      ['transfer-encoding', 'chunked'],
      ['connection', 'close'],
    ]);
    await client.untilEnd();
  });
});
