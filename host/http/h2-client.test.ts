import {
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerOptions,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { waitFor } from '../../test/kit/wait-for.ts';
import { H2Probe } from './fixtures/h2-probe.ts';
import { DEFAULT_HTTP2 } from './h2-options.ts';
import { HeaderMap } from './header-map.ts';

/** The client codec with node's own server at the other end. */

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

type Handler = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

async function serve(handler: Handler, options: ServerOptions = {}) {
  const server: Http2Server = createServer(options);
  const sessions: ServerHttp2Session[] = [];
  server.on('session', (session) => {
    sessions.push(session);
    session.on('error', () => {});
  });
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    stream.on('error', () => {});
    handler(stream, headers);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, sessions };
}

async function probe(port: number, ...options: [Parameters<typeof H2Probe.open>[1]?]) {
  const opened = await H2Probe.open(port, ...options);
  closing.push(() => opened[Symbol.asyncDispose]());
  return await opened.ready();
}

function plain(headers: IncomingHttpHeaders): Record<string, unknown> {
  return Object.fromEntries(Object.entries(headers));
}

const ok: Handler = (stream) => {
  stream.respond({ ':status': 200, 'x-answer': 'yes' });
  stream.end('hello');
};

describe('a request and its answer', () => {
  test('come whole: head, body, end', async () => {
    const { port } = await serve(ok);
    const exchange = (await probe(port)).request();
    expect(await exchange.ended()).toBe('end');
    expect(exchange.events).toEqual(['head 200', 'data hello', 'data ']);
    expect(exchange.head?.toPairs()).toContainEqual(['x-answer', 'yes']);
    await waitFor('the stream to be over', () => exchange.over === 1);
    expect(exchange.writer.wireBytesReceived).toBeGreaterThan(5);
  });

  test('leave a hop only with the fields that may leave it (RFC 9113 8.2.2)', async () => {
    let seen: IncomingHttpHeaders = {};
    const { port } = await serve((stream, headers) => {
      seen = headers;
      stream.respond({ ':status': 204 }, { endStream: true });
    });
    const exchange = (await probe(port)).request([
      ['connection', 'close, x-hop'],
      ['keep-alive', 'timeout=5'],
      ['proxy-connection', 'keep-alive'],
      ['transfer-encoding', 'chunked'],
      ['upgrade', 'websocket'],
      ['http2-settings', 'AAMAAABkAAQAAP__'],
      ['te', 'gzip, trailers;q=0.5'],
      ['content-length', '7'],
      ['x-latin1', 'caf\xe9'],
      ['x-twice', 'a'],
      ['x-twice', 'b'],
    ]);
    expect(await exchange.ended()).toBe('end');
    expect(plain(seen)).toEqual({
      ':method': 'GET',
      ':scheme': 'http',
      ':authority': 'probe',
      ':path': '/',
      te: 'trailers',
      'x-latin1': 'caf\xe9',
      'x-twice': 'a, b',
    });
  });

  test.each([
    ['application/grpc', 'trailers'],
    ['application/grpc+proto', 'trailers'],
    ['application/grpc-web', undefined],
    ['text/plain', undefined],
  ])('of type %s ask for trailers as gRPC does: %s', async (type, te) => {
    let seen: IncomingHttpHeaders = {};
    const { port } = await serve((stream, headers) => {
      seen = headers;
      stream.respond({ ':status': 200 }, { endStream: true });
    });
    await (await probe(port)).request([['content-type', type]]).ended();
    expect(seen.te).toBe(te);
  });

  test('carry trailers both ways', async () => {
    let received: IncomingHttpHeaders = {};
    const { port } = await serve((stream) => {
      stream.on('trailers', (trailers) => {
        received = trailers;
        stream.respond({ ':status': 200 }, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'x-b': 'c' }));
        stream.end('body');
      });
      stream.resume();
    });
    const exchange = (await probe(port)).request([[':method', 'POST']], false);
    exchange.writer.writeData(Buffer.from('data'), false);
    exchange.writer.writeTrailers(
      HeaderMap.fromPairs([
        ['x-sum', '1'],
        ['x-sum', '2'],
      ]),
    );
    expect(await exchange.ended()).toBe('end');
    expect(exchange.events).toEqual(['head 200', 'data body', 'trailers']);
    expect(exchange.trailers?.toPairs()).toEqual([
      ['grpc-status', '0'],
      ['x-b', 'c'],
    ]);
    expect(plain(received)).toEqual({ 'x-sum': '1, 2' });
  });

  test('trailers alone are a head that ends', async () => {
    const { port } = await serve((stream) => {
      stream.respond({ ':status': 200, 'grpc-status': '5' }, { endStream: true });
    });
    const exchange = (await probe(port)).request([['content-type', 'application/grpc']], false);
    expect(await exchange.ended()).toBe('end');
    expect(exchange.events).toEqual(['head 200']);
  });

  test('informational heads come first, a final one after them', async () => {
    const { port } = await serve((stream) => {
      stream.additionalHeaders({ ':status': 103, link: '</style.css>' });
      stream.respond({ ':status': 200 });
      stream.end('x');
    });
    const exchange = (await probe(port)).request();
    await exchange.ended();
    expect(exchange.events.slice(0, 2)).toEqual(['informational 103', 'head 200']);
  });

  test('an answer before the request has ended ends the stream when its owner gives up', async () => {
    let code = -1;
    const { port } = await serve((stream) => {
      stream.on('close', () => {
        code = stream.rstCode;
      });
      stream.resume();
      stream.respond({ ':status': 413 }, { endStream: true });
    });
    const exchange = (await probe(port)).request([[':method', 'POST']], false);
    expect(await exchange.ended()).toBe('end');
    exchange.writer.reset('local-reset');
    await waitFor('the server to see the reset', () => code === 8);
    await waitFor('the stream to be over', () => exchange.over === 1);
    expect(exchange.events).toEqual(['head 413']);
  });
});

describe('lengths', () => {
  test.each([
    ['too short', [Buffer.from('12')], false],
    ['too long', [Buffer.from('123456')], true],
  ])('a body that is %s for its length is reset, and both sides know', async (_, parts, early) => {
    let code = -1;
    const { port } = await serve((stream) => {
      code = 0;
      stream.on('close', () => {
        code = stream.rstCode;
      });
    });
    const fields = [
      [':method', 'POST'],
      ['content-length', '4'],
    ] as const;
    const exchange = (await probe(port)).request(fields, false);
    await waitFor('the request to arrive', () => code === 0);
    for (const part of parts) exchange.writer.writeData(part, false);
    if (!early) exchange.writer.writeData(Buffer.alloc(0), true);
    expect(await exchange.ended()).toBe('reset local-reset http2.content_length_mismatch');
    await waitFor('the server to see the reset', () => code === 8);
    expect(exchange.events).not.toContain('LATE');
  });

  test('a stated length reaches the server', async () => {
    let length: string | undefined;
    const { port } = await serve((stream, headers) => {
      length = headers['content-length'];
      stream.respond({ ':status': 200 }, { endStream: true });
    });
    const fields = [
      [':method', 'POST'],
      ['content-length', '4'],
    ] as const;
    const exchange = (await probe(port)).request(fields, false);
    exchange.writer.writeData(Buffer.from('1234'), true);
    expect(await exchange.ended()).toBe('end');
    expect(length).toBe('4');
  });
});

describe('streams that end early', () => {
  test.each([
    [0x7, 'reset refused-stream http2.remote_refuse'],
    [0x8, 'reset remote-reset http2.remote_reset'],
    [0x2, 'reset remote-reset http2.remote_reset'],
    [0x1, 'reset protocol-error http2.remote_reset'],
  ])('RST_STREAM %i is %s', async (code, ending) => {
    const { port } = await serve((stream) => stream.close(code));
    const exchange = (await probe(port)).request();
    expect(await exchange.ended()).toBe(ending);
    await waitFor('the stream to be over', () => exchange.over === 1);
    expect(exchange.events).toHaveLength(1);
  });

  test('a reset in the middle of a body comes after what arrived', async () => {
    const { port } = await serve((stream) => {
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      stream.write('part', () => setImmediate(() => stream.close(2)));
    });
    const exchange = (await probe(port)).request();
    expect(await exchange.ended()).toBe('reset remote-reset http2.remote_reset');
    expect(exchange.events[0]).toBe('head 200');
  });

  test('a stream that its owner resets is silent, and the connection goes on', async () => {
    let code = -1;
    const { port } = await serve((stream, headers) => {
      if (headers[':method'] === 'GET') return ok(stream, headers);
      stream.on('close', () => {
        code = stream.rstCode;
      });
      stream.respond({ ':status': 200 });
      stream.write('part');
    });
    const opened = await probe(port);
    const exchange = opened.request([[':method', 'POST']], false);
    await waitFor('an answer', () => exchange.events.length > 1);
    exchange.writer.reset('local-reset');
    await waitFor('the server to see the reset', () => code === 8);
    await waitFor('the stream to be over', () => exchange.over === 1);
    expect(exchange.events).toEqual(['head 200', 'data part']);
    expect(await opened.request().ended()).toBe('end');
  });

  test('a stream whose head was never written is over at once', async () => {
    const { port } = await serve(ok);
    const opened = await probe(port);
    const exchange = opened.open();
    expect(opened.client.streams).toBe(1);
    exchange.writer.reset('local-reset');
    expect([opened.client.streams, exchange.over, exchange.events]).toEqual([0, 1, []]);
  });

  test('a server that goes away takes its streams with it', async () => {
    const { port, sessions } = await serve(() => {});
    const opened = await probe(port);
    const exchange = opened.request();
    await waitFor('the request to arrive', () => sessions[0]?.state.lastProcStreamID !== 0);
    sessions[0].socket.destroy();
    expect(await exchange.ended()).toBe('reset remote-reset connection_termination');
    await waitFor('the end', () => opened.events.includes('close connection_termination 1'));
    expect(exchange.over).toBe(1);
  });
});

describe('a server that says GOAWAY', () => {
  test('finishes what it has, and is asked for nothing more', async () => {
    let finish = (): void => {};
    const { port, sessions } = await serve((stream) => {
      stream.respond({ ':status': 200 });
      finish = () => stream.end('late');
    });
    const opened = await probe(port);
    const exchange = opened.request();
    await waitFor('the answer to begin', () => exchange.head);
    sessions[0].close();
    await waitFor('GOAWAY', () => opened.events.includes('goaway'));
    expect(opened.client.room).toBe(0);
    finish();
    expect(await exchange.ended()).toBe('end');
    await waitFor('the end', () => opened.events.at(-1)?.startsWith('close'));
  });

  test('with an error ends all streams; those it never looked at may be sent again', async () => {
    const { port, sessions } = await serve(() => {});
    const opened = await probe(port);
    const first = opened.request();
    const second = opened.request();
    await waitFor('both to arrive', () => sessions[0]?.state.lastProcStreamID === 3);
    sessions[0].goaway(2, 1);
    expect(await first.ended()).toBe('reset remote-reset http2.remote_goaway_2');
    expect(await second.ended()).toBe('reset refused-stream http2.remote_refuse');
  });
});

describe('room', () => {
  test('is what both sides allow', async () => {
    const { port } = await serve(() => {}, { settings: { maxConcurrentStreams: 3 } });
    const opened = await probe(port);
    expect(opened.client.room).toBe(3);
    opened.request();
    expect(opened.client.room).toBe(2);
    const narrow = await probe(port, { http2: { ...DEFAULT_HTTP2, streamsMax: 2 } });
    expect(narrow.client.room).toBe(2);
  });

  test('follows what the server says later', async () => {
    const { port, sessions } = await serve(() => {}, { settings: { maxConcurrentStreams: 3 } });
    const opened = await probe(port);
    sessions[0].settings({ maxConcurrentStreams: 50 });
    await waitFor('more room', () => opened.client.room === 50);
    sessions[0].settings({ maxConcurrentStreams: 0 });
    await waitFor('no room', () => opened.client.room === 0);
  });
});

describe('keep-alive', () => {
  test('pings as often as told, and a server that answers stays', async () => {
    const { port, sessions } = await serve(ok);
    const keepAlive = { intervalMs: 1000, timeoutMs: 200 };
    const opened = await probe(port, { http2: { ...DEFAULT_HTTP2, keepAlive } });
    let pings = 0;
    sessions[0].on('ping', () => pings++);
    for (let i = 1; i <= 3; i++) {
      opened.clock.advance(1000);
      await waitFor('a ping', () => pings === i);
      // The answer takes the limit off: then nothing is due before the next interval.
      await waitFor('its answer', () => opened.clock.nextDueMs === 1000);
    }
    expect(await opened.request().ended()).toBe('end');
  });
});
