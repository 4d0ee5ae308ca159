import { afterEach, describe, expect, test } from 'vitest';
import {
  ACK,
  dataFrame,
  END_HEADERS,
  END_STREAM,
  FRAME,
  frame,
  goawayFrame,
  H2_PREFACE,
  headersFrame,
  rstFrame,
  settingsFrame,
  windowUpdateFrame,
} from '../../test/kit/h2-frames.ts';
import {
  type Step,
  steps,
  type UnrulyConnection,
  UnrulyServer,
} from '../../test/kit/unruly-server.ts';
import { waitFor } from '../../test/kit/wait-for.ts';
import { type H2Exchange, H2Probe } from './fixtures/h2-probe.ts';
import { DEFAULT_HTTP2 } from './h2-options.ts';
import { HeaderMap } from './header-map.ts';

/** What a broken or malicious HTTP/2 server may send, frame by frame. */

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Greets, waits for a stream to be asked for, sends, and stays. */
async function against(send: Uint8Array, ...then: readonly Step[]) {
  const server = await UnrulyServer.open([
    steps.read(H2_PREFACE),
    steps.send(settingsFrame()),
    steps.stall,
    steps.send(send),
    ...then,
    steps.stall,
  ]);
  closing.push(() => server[Symbol.asyncDispose]());
  const probe = await H2Probe.open(server.port);
  closing.push(() => probe[Symbol.asyncDispose]());
  await probe.ready();
  return { probe, connection: await server.connection(0) };
}

async function asked(connection: UnrulyConnection, exchange: H2Exchange): Promise<H2Exchange> {
  await waitFor('the request', () => framesOf(connection).some(([type]) => type === FRAME.headers));
  connection.resume();
  return exchange;
}

/** Type, flags and stream of each frame that the server has received. */
function framesOf({ received }: UnrulyConnection): [number, number, number, Buffer][] {
  const frames: [number, number, number, Buffer][] = [];
  for (let at = H2_PREFACE.length; at + 9 <= received.length; ) {
    const size = received.readUIntBE(at, 3);
    const payload = received.subarray(at + 9, at + 9 + size);
    frames.push([received[at + 3], received[at + 4], received.readUInt32BE(at + 5), payload]);
    at += 9 + size;
  }
  return frames;
}

function resetCode(connection: UnrulyConnection): number | undefined {
  const frame = framesOf(connection).find(([type]) => type === FRAME.rstStream);
  return frame?.[3].readUInt32BE(0);
}

const OK = headersFrame(1, [[':status', '200']]);
const OK_END = headersFrame(1, [[':status', '200']], END_HEADERS | END_STREAM);
const head = (...fields: (readonly [string, string])[]): Buffer =>
  headersFrame(1, [[':status', '200'], ...fields], END_HEADERS | END_STREAM);

/** Messages that are malformed (RFC 9113 8.1.1): the stream is reset, the connection stays. */
const MALFORMED: readonly (readonly [string, Buffer])[] = [
  ['no :status', headersFrame(1, [['x', 'y']], END_HEADERS | END_STREAM)],
  ['two of :status', head([':status', '200'])],
  ['a pseudo-header of requests', head([':path', '/'])],
  [
    'a pseudo-header behind a field',
    headersFrame(1, [
      ['x', 'y'],
      [':status', '200'],
    ]),
  ],
  ['a status of two digits', headersFrame(1, [[':status', '20']])],
  ['a status of letters', headersFrame(1, [[':status', 'abc']])],
  ['status 101', headersFrame(1, [[':status', '101']])],
  ['an informational head that ends', headersFrame(1, [[':status', '103']], 5)],
  ['connection', head(['connection', 'close'])],
  ['transfer-encoding', head(['transfer-encoding', 'chunked'])],
  ['keep-alive', head(['keep-alive', '5'])],
  ['upgrade', head(['upgrade', 'h2c'])],
  ['a name in upper case', head(['X-Upper', 'y'])],
  ['a twin of content-length', head(['content_length', '5'])],
  ['a length that is none', head(['content-length', 'x'])],
  ['two lengths', head(['content-length', '0'], ['content-length', '0'])],
  [
    'a length without its body',
    headersFrame(
      1,
      [
        [':status', '200'],
        ['content-length', '5'],
      ],
      5,
    ),
  ],
  [
    'less body than its length',
    Buffer.concat([
      headersFrame(1, [
        [':status', '200'],
        ['content-length', '5'],
      ]),
      dataFrame(1, '1234', END_STREAM),
    ]),
  ],
  ['a pseudo-header in trailers', Buffer.concat([OK, headersFrame(1, [[':status', '200']], 5)])],
];

describe('a malformed answer', () => {
  test.each(MALFORMED)('with %s fails its stream alone', async (_, bytes) => {
    const { probe, connection } = await against(bytes);
    const exchange = await asked(connection, probe.request());
    expect(await exchange.ended()).toMatch(/^reset protocol-error /);
    expect(exchange.events).not.toContain('LATE');
    await waitFor('the stream to be over', () => exchange.over === 1);
    // A stream that the server has ended is closed: there is nothing to reset.
    expect([undefined, 1]).toContain(resetCode(connection));
    expect(probe.events.some((event) => event.startsWith('close'))).toBe(false);
  });

  test.each([
    [
      'a head with more fields',
      head(...Array.from({ length: 101 }, (_, i) => [`x${i}`, 'y'] as const)),
    ],
    ['a head of more bytes', head(['x', 'y'.repeat(15_000)])],
  ])('with %s than we take is a limit', async (_, bytes) => {
    const server = await UnrulyServer.open([
      steps.read(H2_PREFACE),
      steps.send(settingsFrame()),
      steps.stall,
      steps.send(bytes),
      steps.stall,
    ]);
    closing.push(() => server[Symbol.asyncDispose]());
    const limits = { headersMax: 100, headerBytesMax: 12_000 };
    const probe = await H2Probe.open(server.port, { limits });
    closing.push(() => probe[Symbol.asyncDispose]());
    await probe.ready();
    const connection = await server.connection(0);
    const exchange = await asked(connection, probe.request());
    expect(await exchange.ended()).toMatch(/^reset limit /);
  });

  test('is one with too many informational heads before it', async () => {
    const early = headersFrame(1, [[':status', '103']]);
    const { probe, connection } = await against(Buffer.concat(Array(21).fill(early)));
    const exchange = await asked(connection, probe.request());
    expect(await exchange.ended()).toBe(
      'reset protocol-error http2.invalid_informational_response',
    );
    expect(exchange.events.filter((event) => event === 'informational 103')).toHaveLength(20);
  });

  test('never shows what would break a line of HTTP/1', async () => {
    const { probe, connection } = await against(
      head(['x-crlf', 'a\r\nb: c'], ['x-nul', 'a\0b'], ['x(y', 'z'], ['x-good', ' padded ']),
    );
    const exchange = await asked(connection, probe.request());
    await exchange.ended();
    const text = JSON.stringify(exchange.head?.toPairs() ?? []);
    expect(text).not.toMatch(/\\r|\\n|\\u0000|x\(y/);
  });
});

/** What breaks the connection itself (RFC 9113 5.4.1): it is closed with all its streams. */
const FATAL: readonly (readonly [string, Buffer])[] = [
  [
    'more body than its length',
    Buffer.concat([
      headersFrame(1, [
        [':status', '200'],
        ['content-length', '3'],
      ]),
      dataFrame(1, '1234', END_STREAM),
    ]),
  ],
  ['data before the head', dataFrame(1, 'x')],
  ['a frame beyond its size', frame(FRAME.data, 0, 1, Buffer.alloc(16_385))],
  ['data on stream 0', dataFrame(0, 'x')],
  ['a head on stream 0', headersFrame(0, [[':status', '200']])],
  ['a stream that was never asked for', headersFrame(7, [[':status', '200']])],
  ['an even stream', headersFrame(2, [[':status', '200']])],
  [
    'a push that we have forbidden',
    Buffer.concat([
      frame(FRAME.settings, ACK, 0, Buffer.alloc(0)),
      frame(FRAME.pushPromise, END_HEADERS, 1, Buffer.from('0000000282', 'hex')),
    ]),
  ],
  ['settings of a wrong size', frame(FRAME.settings, 0, 0, Buffer.alloc(5))],
  ['settings on a stream', frame(FRAME.settings, 0, 1, Buffer.alloc(0))],
  ['a window beyond its limit', settingsFrame([[4, 0x80000000]])],
  ['a frame size below its limit', settingsFrame([[5, 100]])],
  ['a push that is allowed to us', settingsFrame([[2, 1]])],
  ['a PING of a wrong size', frame(FRAME.ping, 0, 0, Buffer.alloc(7))],
  ['a PING on a stream', frame(FRAME.ping, 0, 1, Buffer.alloc(8))],
  ['GOAWAY on a stream', frame(FRAME.goaway, 0, 1, Buffer.alloc(8))],
  ['RST_STREAM on stream 0', rstFrame(0, 8)],
  ['RST_STREAM of a wrong size', frame(FRAME.rstStream, 0, 1, Buffer.alloc(3))],
  ['RST_STREAM on an idle stream', rstFrame(9, 8)],
  ['a window update of 0', windowUpdateFrame(0, 0)],
  ['a window that overflows', windowUpdateFrame(0, 0x7fffffff)],
  ['CONTINUATION without a head', frame(FRAME.continuation, END_HEADERS, 1, Buffer.of(0x88))],
  [
    'another frame within a head',
    Buffer.concat([headersFrame(1, [[':status', '200']], 0), dataFrame(1, 'x')]),
  ],
  ['HPACK that points nowhere', frame(FRAME.headers, END_HEADERS, 1, Buffer.of(0xff, 0xff, 0x7f))],
  ['HPACK that is cut off', frame(FRAME.headers, END_HEADERS, 1, Buffer.of(0x40, 0x7f))],
  ['an HTTP/1 answer', Buffer.from('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n')],
  [
    'CONTINUATION without end',
    Buffer.concat([
      headersFrame(1, [[':status', '200']], 0),
      ...Array(2000).fill(frame(FRAME.continuation, 0, 1, Buffer.alloc(0))),
    ]),
  ],
];

describe('a connection that breaks the protocol', () => {
  test.each(FATAL)('by %s is closed, and its streams hear of it', async (_, bytes) => {
    const { probe, connection } = await against(bytes);
    const exchange = await asked(connection, probe.request());
    expect(await exchange.ended()).toMatch(/^reset (protocol-error|remote-reset) /);
    await waitFor('the end', () => probe.events.some((event) => event.startsWith('close')));
    expect(exchange.over).toBe(1);
    expect(exchange.events).not.toContain('LATE');
    expect(probe.client.room).toBe(0);
    await waitFor('the connection to be closed', () => connection.peer !== 'open');
  });
});

describe('streams that the server cuts', () => {
  test('in the middle of a body, after what arrived', async () => {
    const { probe, connection } = await against(
      Buffer.concat([OK, dataFrame(1, 'part'), rstFrame(1, 2)]),
    );
    const exchange = await asked(connection, probe.request());
    expect(await exchange.ended()).toBe('reset remote-reset http2.remote_reset');
    expect(exchange.events.slice(0, 1)).toEqual(['head 200']);
  });

  test.each([
    ['FIN', steps.close],
    ['RST', steps.reset],
  ])('with their connection by %s are not taken for whole', async (_, cut) => {
    const { probe, connection } = await against(Buffer.concat([OK, dataFrame(1, 'part')]), cut);
    const exchange = await asked(connection, probe.request());
    expect(await exchange.ended()).toMatch(/^reset remote-reset /);
    await waitFor('the end', () => probe.events.at(-1)?.startsWith('close'));
  });

  test('above the last one of GOAWAY may be sent again, those below go on', async () => {
    const { probe, connection } = await against(
      Buffer.concat([goawayFrame(1, 0), OK, dataFrame(1, 'whole', END_STREAM)]),
    );
    const first = probe.request();
    const second = probe.request();
    await asked(connection, second);
    expect(await second.ended()).toBe('reset refused-stream http2.remote_refuse');
    expect(await first.ended()).toBe('end');
    expect(probe.events).toContain('goaway');
  });

  test('by a PING that is never answered', async () => {
    const server = await UnrulyServer.open([
      steps.read(H2_PREFACE),
      steps.send(settingsFrame()),
      steps.stall,
    ]);
    closing.push(() => server[Symbol.asyncDispose]());
    const keepAlive = { intervalMs: 1000, timeoutMs: 200 };
    const http2 = { ...DEFAULT_HTTP2, keepAlive };
    const probe = await H2Probe.open(server.port, { http2 });
    closing.push(() => probe[Symbol.asyncDispose]());
    const exchange = (await probe.ready()).request();
    probe.clock.advance(1199);
    expect(exchange.ending).toBe('');
    probe.clock.advance(1);
    expect(exchange.ending).toBe('reset remote-reset http2.ping_timeout');
    expect(probe.events.at(-1)).toBe('close http2.ping_timeout 1');
  });
});

describe('what we send', () => {
  test('of a request that is given up half way never looks whole', async () => {
    const { probe, connection } = await against(Buffer.alloc(0));
    const exchange = probe.request([[':method', 'POST']], false);
    exchange.writer.writeData(Buffer.from('half'), false);
    await waitFor('the half', () => framesOf(connection).some(([type]) => type === FRAME.data));
    exchange.writer.reset('local-reset');
    await waitFor('our reset', () => resetCode(connection) === 8);
    const ends = framesOf(connection).filter(
      ([type, flags]) => type <= FRAME.headers && (flags & END_STREAM) !== 0,
    );
    expect(ends).toEqual([]);
  });

  test('of a request that is all there takes no frame more than it needs', async () => {
    const { probe, connection } = await against(OK_END);
    const exchange = probe.request([[':method', 'POST']], false);
    exchange.writer.writeData(Buffer.from('whole'), true);
    await asked(connection, exchange);
    expect(await exchange.ended()).toBe('end');
    const sent = framesOf(connection).filter(([, , stream]) => stream === 1);
    expect(sent.map(([type, flags]) => [type, flags & END_STREAM])).toEqual([
      [FRAME.headers, 0],
      [FRAME.data, END_STREAM],
    ]);
  });

  test('leaves out of trailers what harms there', async () => {
    const { probe, connection } = await against(OK_END);
    const exchange = probe.request([[':method', 'POST']], false);
    exchange.writer.writeTrailers(
      HeaderMap.fromPairs([
        ['content-length', '5'],
        ['x-sum', '1'],
      ]),
    );
    await waitFor('both heads', () => {
      return framesOf(connection).filter(([type]) => type === FRAME.headers).length === 2;
    });
    const trailers = framesOf(connection).filter(([type]) => type === FRAME.headers)[1][3];
    expect(trailers.length).toBeLessThan(12);
  });
});
