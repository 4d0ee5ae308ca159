import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { RawClient } from '../../test/kit/raw-client.ts';
import { RecordingOrigin } from '../../test/kit/recording-origin.ts';
import { TinyProxy } from './fixtures/tiny-proxy.ts';

/**
 * The catalogue of bad requests: raw bytes through both codecs to an origin that trusts nobody. A
 * request is either refused, and not one byte of it arrives, or it arrives in canonical form.
 */

const POST = 'POST /c HTTP/1.1\r\nHost: t\r\n';
const EVIL = 'GET /evil HTTP/1.1\r\nHost: t\r\n\r\n';
const CHUNKED = `${POST}Transfer-Encoding: chunked\r\n\r\n`;

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

const TE_VALUES = [
  'xchunked',
  ',chunked',
  'chunked,',
  'identity',
  'identity, chunked',
  'chunked, identity',
  'chunked, chunked',
  'gzip, chunked',
  'gzip',
  '"chunked"',
  'chunked;a=b',
  'cow',
  '\x0bchunked',
  '\x0cchunked',
  'chunked\0',
  '\xa0chunked',
  '\xffchunked',
  'chunked\x85',
  '\x08chunked',
  '',
];

const CL_VALUES = [
  '+5',
  '-5',
  '-0',
  '0x5',
  '0o5',
  '1_0',
  '1e1',
  '5.0',
  '"1 0"',
  '5, 6',
  '5, 5',
  '',
  'five',
  '5abc',
  '9223372036854775808',
  '18446744073709551621',
  '99999999999999999999',
  '9007199254740992',
  '5\0',
  '\x0b5',
  '5;',
  '\xa05',
  '\xef\xbc\x95',
];

const CHUNK_SIZES = [
  '0x5',
  '+5',
  '-5',
  '-0',
  '0_5',
  ' 5',
  '\t5',
  '5 ',
  'G',
  '',
  '5zz',
  '5.0',
  '5\0',
  '5\x01',
  '\xef\xbc\x95',
  '00000000000000005',
];

const HOSTS = [
  '',
  't, evil',
  'u@t',
  't/evil',
  't evil',
  't:abc',
  't:99999',
  't:0',
  't:',
  't?x',
  't\0',
  '[::1',
  '[::1]x',
  '[zz::1]',
  't#',
];

type Refusal = readonly [name: string, bytes: string, status?: number];

const REFUSED: readonly Refusal[] = [
  ['F1 CL.TE', `${POST}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG`],
  [
    'F2 TE.CL',
    `${POST}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n21\r\n${EVIL}\r\n0\r\n\r\n`,
  ],
  ...TE_VALUES.flatMap((value) => [
    [
      `F3 TE ${JSON.stringify(value)}`,
      `${POST}Transfer-Encoding: ${value}\r\n\r\n0\r\n\r\n`,
    ] as const,
    [
      `F3 TE ${JSON.stringify(value)} with CL`,
      `${POST}Content-Length: 5\r\nTransfer-Encoding: ${value}\r\n\r\n0\r\n\r\n`,
    ] as const,
  ]),
  [
    'F4 TE twice',
    `${POST}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  ],
  [
    'F4 TE and identity',
    `${POST}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n`,
  ],
  ['F5 underscore twin', `${POST}Transfer_Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n`],
  ['F6 space before colon, TE', `${POST}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`],
  ['F6 space before colon, CL', `${POST}Content-Length : 5\r\n\r\nhello`],
  ['F6 tab before colon', `${POST}Content-Length\t: 5\r\n\r\nhello`],
  ['F7 folded value', `${POST}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n`],
  ['F7 field starts with a space', `${POST} Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
  ['F7 first field starts with a space', 'GET / HTTP/1.1\r\n Host: t\r\n\r\n'],
  ['F8 bare LF hides a field', `${POST}X: X\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
  ['F8 bare CR hides a field', `${POST}X: X\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
  [
    'F9 HTTP/1.0 with TE',
    'POST / HTTP/1.0\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ],
  ...CL_VALUES.map(
    (value) =>
      [`F10 CL ${JSON.stringify(value)}`, `${POST}Content-Length: ${value}\r\n\r\nhello`] as const,
  ),
  ['F11 CL twice, same', `${POST}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello`],
  ['F11 CL twice, different', `${POST}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!`],
  ['F11 empty CL, then a real one', `${POST}Content-Length:\r\nContent-Length: 5\r\n\r\nhello`],
  ...['Content-Length', 'Transfer-Encoding', 'Host', 'Authorization', 'x-forwarded-for'].map(
    (name) =>
      [
        `F12 Connection: ${name}`,
        `${POST}Connection: ${name}\r\nContent-Length: 5\r\n\r\nhello`,
      ] as const,
  ),
  ['F12 Connection with garbage', `${POST}Connection: a b\r\n\r\n`],
  ...CHUNK_SIZES.map(
    (size) =>
      [
        `F14 chunk size ${JSON.stringify(size)}`,
        `${CHUNKED}${size}\r\nhello\r\n0\r\n\r\n`,
      ] as const,
  ),
  ['F14 chunk of 4 GiB', `${CHUNKED}100000005\r\nhello`, 413],
  ['F14 chunk of 2^64 + 5', `${CHUNKED}10000000000000005\r\nhello`, 413],
  ['F14 chunk of 2^64', `${CHUNKED}FFFFFFFFFFFFFFFF\r\nhello`, 413],
  ...['a\n', 'a\r', 'a\0', '\x01', '="\r\n"', '="\\'].map(
    (extension) =>
      [
        `F15 extension ${JSON.stringify(extension)}`,
        `${CHUNKED}5;${extension}\r\nhello\r\n0\r\n\r\n`,
      ] as const,
  ),
  ['F15 extension of 64 KiB', `${CHUNKED}5;${'a'.repeat(40_000)}\r\nhello\r\n0\r\n\r\n`, 413],
  ['F15 many extensions', `${CHUNKED}${`1;${'a'.repeat(300)}\r\nx\r\n`.repeat(150)}0\r\n\r\n`, 413],
  ...['5\nhello\r\n0\r\n\r\n', '5\r\nhello\n0\r\n\r\n', '0\n\r\n', '5\rhello\r\n0\r\n\r\n'].map(
    (body) => [`F16 ${JSON.stringify(body)}`, `${CHUNKED}${body}`] as const,
  ),
  ['F16 bare LF ends the trailers', `${CHUNKED}0\r\n\n`],
  ['F17 data too long', `${CHUNKED}5\r\nhello!!\r\n0\r\n\r\n`],
  ['F17 no line break behind data', `${CHUNKED}5\r\nhello0\r\n\r\n`],
  ['F17 garbage for the last line', `${CHUNKED}0\r\nXX\r\n\r\n`],
  ['F17 garbage for a chunk', `${CHUNKED}INVALID!!!\r\n${EVIL}`],
  ['F18 trailer with a space before the colon', `${CHUNKED}0\r\nX : y\r\n\r\n`],
  ['F18 trailer with bare LF', `${CHUNKED}0\r\nX: y\nZ: z\r\n\r\n`],
  ['F18 trailer with NUL', `${CHUNKED}0\r\nX: \0\r\n\r\n`],
  ['F18 huge trailers', `${CHUNKED}0\r\nX: ${'y'.repeat(62_000)}\r\n\r\n`, 431],
  ...[
    'GET / HTTP/1.1\nHost: t\n\n',
    'GET / HTTP/1.1\rHost: t\r\r',
    'GET\t/\tHTTP/1.1\r\nHost: t\r\n\r\n',
    'GET  / HTTP/1.1\r\nHost: t\r\n\r\n',
    'GET /  HTTP/1.1\r\nHost: t\r\n\r\n',
    'GET / HTTP/1.1 \r\nHost: t\r\n\r\n',
    ' GET / HTTP/1.1\r\nHost: t\r\n\r\n',
    'GET /a b HTTP/1.1\r\nHost: t\r\n\r\n',
    'GET /\r\nHost: t\r\n\r\n',
    'GET /\r\n',
    'GET / HTTP/1.32\r\nHost: t\r\n\r\n',
    'GET / HTTP/01.1\r\nHost: t\r\n\r\n',
    'GET / HTTP/1.\r\nHost: t\r\n\r\n',
    'GET / HTTP/4294967297.1\r\nHost: t\r\n\r\n',
    'GET / http/1.1\r\nHost: t\r\n\r\n',
    'GET / HTTP/1.1x\r\nHost: t\r\n\r\n',
    'G\x01T / HTTP/1.1\r\nHost: t\r\n\r\n',
    'GET /\0 HTTP/1.1\r\nHost: t\r\n\r\n',
    'GET /\x7f HTTP/1.1\r\nHost: t\r\n\r\n',
    'G:T / HTTP/1.1\r\nHost: t\r\n\r\n',
    'GET /a#b HTTP/1.1\r\nHost: t\r\n\r\n',
    'GET /\xe9 HTTP/1.1\r\nHost: t\r\n\r\n',
    'GET evil HTTP/1.1\r\nHost: t\r\n\r\n',
    'GET t:80 HTTP/1.1\r\nHost: t\r\n\r\n',
    'GET * HTTP/1.1\r\nHost: t\r\n\r\n',
    'GET ftp://t/ HTTP/1.1\r\nHost: t\r\n\r\n',
    'GET http:/t/ HTTP/1.1\r\nHost: t\r\n\r\n',
    'GET http:///x HTTP/1.1\r\nHost: t\r\n\r\n',
    'GET http://u@t/ HTTP/1.1\r\nHost: t\r\n\r\n',
    '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    '\r\n\r\nGET / HTTP/1.1\r\nHost: t\r\n\r\n',
    '\nGET / HTTP/1.1\r\nHost: t\r\n\r\n',
    '\0',
  ].map((bytes) => [`F19 ${JSON.stringify(bytes)}`, bytes] as const),
  ['F19 HTTP/2.0', 'GET / HTTP/2.0\r\nHost: t\r\n\r\n', 505],
  ['F19 HTTP/1.2', 'GET / HTTP/1.2\r\nHost: t\r\n\r\n', 505],
  ['F19 HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505],
  ['HTTP/1.0', 'GET / HTTP/1.0\r\nHost: t\r\n\r\n', 426],
  ['F21 no Host', 'GET / HTTP/1.1\r\nX: y\r\n\r\n'],
  ['F21 no Host, absolute form', 'GET http://t/ HTTP/1.1\r\nX: y\r\n\r\n'],
  ['F21 two Hosts', 'GET / HTTP/1.1\r\nHost: t\r\nHost: t\r\n\r\n'],
  ...HOSTS.map(
    (host) =>
      [`F21 Host ${JSON.stringify(host)}`, `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`] as const,
  ),
  ['F22 bad Host behind an absolute form', 'GET http://t/ HTTP/1.1\r\nHost: a b\r\n\r\n'],
  ...[
    ': x',
    'X\0: y',
    'X: \0',
    'X: \x01',
    'X: \x7f',
    'X\xe9: y',
    '(x: y',
    'X y: z',
    'no colon',
    '   ',
    'X: y\r\r\n',
  ].map(
    (line) =>
      [`F24 ${JSON.stringify(line)}`, `GET / HTTP/1.1\r\nHost: t\r\n${line}\r\n\r\n`] as const,
  ),
  ['F24 empty line with CR', `GET / HTTP/1.1\r\nHost: t\r\n\rZGET /evil: x\r\n\r\n`],
  ['F28 CONNECT', 'CONNECT t:443 HTTP/1.1\r\nHost: t:443\r\n\r\n', 405],
  ['F29 Expect foo', `${POST}Expect: foo\r\nContent-Length: 5\r\n\r\nhello`, 417],
  [
    'F29 Expect y 100-continue',
    `${POST}Expect: y 100-continue\r\nContent-Length: 5\r\n\r\nhello`,
    417,
  ],
  ['F29 Expect twice', `${POST}Expect: 100-continue\r\nExpect: 100-continue\r\n\r\n`, 417],
  ['L1 target of 70 KB', `GET /${'a'.repeat(70_000)} HTTP/1.1\r\nHost: t\r\n\r\n`, 414],
  ['L1 method of 70 KB', `${'A'.repeat(70_000)} / HTTP/1.1\r\nHost: t\r\n\r\n`, 501],
  ['L2 field of 100 KB', `GET / HTTP/1.1\r\nHost: t\r\nX: ${'y'.repeat(100_000)}\r\n\r\n`, 431],
  ['L2 3,000 fields', `GET / HTTP/1.1\r\nHost: t\r\n${'X: y\r\n'.repeat(3000)}\r\n`, 431],
  [
    'L2 3,000 hop-by-hop fields',
    `GET / HTTP/1.1\r\nHost: t\r\n${'TE: y\r\n'.repeat(3000)}\r\n`,
    431,
  ],
  [
    'L2 200 fields of 1 KB',
    `GET / HTTP/1.1\r\nHost: t\r\n${`X: ${'y'.repeat(1000)}\r\n`.repeat(200)}\r\n`,
    431,
  ],
  ['L2 name of 70 KB', `GET / HTTP/1.1\r\nHost: t\r\n${'x'.repeat(70_000)}: y\r\n\r\n`, 431],
];

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
