import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Fault, type StrictMessage, StrictReader } from './strict-http1.ts';

function readRequests(pieces: readonly string[]): { messages: StrictMessage[]; faults: Fault[] } {
  const messages: StrictMessage[] = [];
  const faults: Fault[] = [];
  const reader = new StrictReader({
    direction: { kind: 'request' },
    onMessage: (message) => messages.push(message),
    onFault: (fault) => faults.push(fault),
  });
  for (const piece of pieces) reader.push(Buffer.from(piece, 'latin1'));
  reader.end();
  return { messages, faults };
}

function readResponses(methods: string[], text: string) {
  const messages: StrictMessage[] = [];
  const faults: Fault[] = [];
  const reader = new StrictReader({
    direction: { kind: 'response', nextMethod: () => methods.shift() ?? 'GET' },
    onMessage: (message) => messages.push(message),
    onFault: (fault) => faults.push(fault),
  });
  reader.push(Buffer.from(text, 'latin1'));
  reader.end();
  return { bodies: messages.map((message) => message.body.toString()), faults };
}

const GOOD = [
  'GET /a?b=c HTTP/1.1\r\nhost: x\r\n\r\n',
  'POST / HTTP/1.1\r\nHost: x\r\ncontent-length: 5\r\n\r\nhello',
  'POST / HTTP/1.1\r\nHost: x\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\nA\r\n0123456789\r\n0\r\nx-sum: 1\r\n\r\n',
  'OPTIONS * HTTP/1.1\r\nHost: x\r\nx-empty:\r\n\r\n',
  'CONNECT a.b:443 HTTP/1.1\r\nHost: a.b:443\r\n\r\n',
];

test('canonical requests, pipelined, are read without a fault', () => {
  const { messages, faults } = readRequests([GOOD.join('')]);
  expect(faults).toEqual([]);
  expect(messages.map((message) => message.raw.toString('latin1'))).toEqual(GOOD);
  expect(messages.map((m) => m.framing)).toEqual(['none', 'length', 'chunked', 'none', 'none']);
  expect(messages[2]!.chunkSizes).toEqual([5, 10]);
  expect(messages[2]!.trailers).toEqual([['x-sum', '1']]);
  expect(messages[2]!.body.toString()).toBe('hello0123456789');
});

test('where the bytes are cut makes no difference', () => {
  const text = GOOD.join('');
  const whole = readRequests([text]);
  const cuts = fc.uniqueArray(fc.integer({ min: 0, max: text.length }), { maxLength: 12 });
  fc.assert(
    fc.property(cuts, (places) => {
      const edges = [0, ...places.sort((a, b) => a - b), text.length];
      const pieces = edges.slice(1).map((end, index) => text.slice(edges[index], end));
      expect(readRequests(pieces)).toEqual(whole);
    }),
  );
});

describe('each departure from the canonical form has its name', () => {
  const head = (...fields: string[]) => `POST / HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n`;
  const chunked = (body: string) => `${head('host: x', 'transfer-encoding: chunked')}${body}`;
  const cases: readonly (readonly [code: string, text: string])[] = [
    ['bare-lf', 'GET / HTTP/1.1\nhost: x\r\n\r\n'],
    ['bare-lf', 'GET / HTTP/1.1\r\nhost: x\n\r\n'],
    ['bare-cr', 'GET / HTTP/1.1\r\nhost: x\ra: b\r\n\r\n'],
    ['bad-request-line', 'GET  / HTTP/1.1\r\nhost: x\r\n\r\n'],
    ['bad-request-line', 'GET /#a HTTP/1.1\r\nhost: x\r\n\r\n'],
    ['bad-request-line', 'GET / HTTP/1.0\r\nhost: x\r\n\r\n'],
    ['bad-request-line', '\r\nGET / HTTP/1.1\r\nhost: x\r\n\r\n'],
    ['obs-fold', head('host: x', ' folded')],
    ['no-colon', head('host: x', 'nonsense')],
    ['space-before-colon', head('host : x')],
    ['bad-field-name', head('host: x', 'b(d: 1')],
    ['bad-field-name', head('host: x', ': 1')],
    ['control-in-value', head('host: x', 'a: b\0c')],
    ['padded-value', head('host: x', 'a:  b')],
    ['padded-value', head('host: x', 'a: b ')],
    ['not-one-host', head('a: b')],
    ['not-one-host', head('host: x', 'Host: x')],
    ['bad-host', head('host: a/b')],
    ['not-origin-form', 'GET http://x/ HTTP/1.1\r\nhost: x\r\n\r\n'],
    ['bad-authority-form', 'CONNECT x HTTP/1.1\r\nhost: x\r\n\r\n'],
    ['repeated-length', head('host: x', 'content-length: 0', 'content-length: 0')],
    ['bad-length', head('host: x', 'content-length: +0')],
    ['bad-length', head('host: x', 'content-length: 00')],
    ['bad-transfer-encoding', `${head('host: x', 'transfer-encoding: gzip, chunked')}0\r\n\r\n`],
    [
      'length-and-chunked',
      `${head('host: x', 'content-length: 5', 'transfer-encoding: chunked')}0\r\n\r\n`,
    ],
    ['hop-by-hop', head('host: x', 'proxy-connection: close')],
    ['odd-connection', head('host: x', 'connection: x-secret')],
    ['odd-te', head('host: x', 'te: gzip')],
    ['bad-chunk-size', chunked('0x5\r\nhello\r\n0\r\n\r\n')],
    ['bad-chunk-size', chunked('5;ext=1\r\nhello\r\n0\r\n\r\n')],
    ['bad-chunk-size', chunked('05\r\nhello\r\n0\r\n\r\n')],
    ['bad-chunk-end', chunked('5\r\nhelloXX0\r\n\r\n')],
    ['framing-field-in-trailers', chunked('0\r\ncontent-length: 1\r\n\r\n')],
    ['cut-short', `${head('host: x', 'content-length: 5')}hell`],
    ['cut-short', 'GET / HTTP/1.1\r\nhost'],
  ];
  test.each(cases)('%s in %j', (code, text) => {
    const { faults } = readRequests([text]);
    expect(faults.map((fault) => fault.code)).toEqual([code]);
  });
});

test('after a broken grammar nothing more is read', () => {
  const { messages, faults } = readRequests([
    `${GOOD[0]}GET / HTTP/1.1\nhost: x\r\n\r\n${GOOD[0]}`,
  ]);
  expect(messages).toHaveLength(1);
  expect(faults).toMatchObject([{ code: 'bare-lf', at: GOOD[0]!.length, fatal: true }]);
});

test('responses are delimited by the method they answer and by their status', () => {
  const text = [
    'HTTP/1.1 100 Continue\r\n\r\n',
    'HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n',
    'HTTP/1.1 304 Not Modified\r\ncontent-length: 3\r\n\r\n',
    'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi',
    'HTTP/1.1 200 OK\r\n\r\nall the rest',
  ].join('');
  const { bodies, faults } = readResponses(['HEAD', 'GET', 'GET', 'GET'], text);
  expect(bodies).toEqual(['', '', '', 'hi', 'all the rest']);
  expect(faults).toEqual([]);
});
