/** A request that has to be refused: what it is, its bytes, and the status, 400 where none is named. */
export type Hostile = readonly [name: string, bytes: string, status?: number | undefined];

const POST = 'POST /c HTTP/1.1\r\nHost: t\r\n';
const GET = 'GET /c HTTP/1.1\r\nHost: t\r\n';
const CHUNKED = `${POST}Transfer-Encoding: chunked\r\n\r\n`;
/** What must never arrive as a request of its own. */
const EVIL = 'GET /evil HTTP/1.1\r\nHost: t\r\n\r\n';

const TRANSFER_ENCODINGS = [
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
  'chunked\0',
  '\xa0chunked',
  'chunked\x85',
  '',
];

const LENGTHS = [
  ...['+5', '-5', '-0', '0x5', '0o5', '1_0', '1e1', '5.0', '1 0', '5, 6', '', 'five', '5abc', '5;'],
  ...['9223372036854775808', '18446744073709551621', '99999999999999999999'],
  ...['5\0', '\x0b5', '\xa05', '\xef\xbc\x95'],
];

const CHUNK_SIZES = [
  ...['0x5', '+5', '-5', '-0', '0_5', ' 5', '\t5', 'G', '', '5zz', '5.0', '5\0', '5\x01'],
  ...['FFFFFFFFFFFFFFFF', '10000000000000005'],
];

const REQUEST_LINES: readonly (readonly [string, number?])[] = [
  ['GET /c HTTP/1.1\n'],
  ['GET\t/c\tHTTP/1.1\r\n'],
  ['GET  /c HTTP/1.1\r\n'],
  ['GET /c HTTP/1.1 \r\n'],
  [' GET /c HTTP/1.1\r\n'],
  ['GET /c d HTTP/1.1\r\n'],
  ['GET /c\r\n'],
  ['GET /c HTTP/2.0\r\n', 505],
  ['GET /c HTTP/01.1\r\n'],
  ['GET /c HTTP/1.\r\n'],
  ['GET /c http/1.1\r\n'],
  ['GET /c\0 HTTP/1.1\r\n'],
  ['GET /c\x7f HTTP/1.1\r\n'],
  ['G\0T /c HTTP/1.1\r\n'],
  ['G:T /c HTTP/1.1\r\n'],
  ['GET /c#fragment HTTP/1.1\r\n'],
  ['GET c HTTP/1.1\r\n'],
  ['GET * HTTP/1.1\r\n'],
  ['\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n'],
];

const HOSTS = [
  ...['Host: t\r\nHost: t\r\n', 'Host: t\r\nHost: evil\r\n', 'Host: t, evil\r\n', 'Host: u@t\r\n'],
  ...['Host: t/evil\r\n', 'Host: t evil\r\n', 'Host: t:abc\r\n', 'Host: t:99999\r\n'],
  ...['Host: t?x\r\n', 'Host: t\0\r\n', 'Host: [::1\r\n', ''],
];

const FIELDS = [
  ...[
    ': x',
    'a\0: x',
    'a: x\0y',
    'a: x\ry',
    'a: x\x01y',
    'a: x\x7f',
    'a\x80: x',
    'a(: x',
    'a b: x',
  ],
  ...['nocolon', '   ', 'a\r: x', 'a : x', ' a: x', 'a: x\r\n folded', 'a: x\r\n\tfolded'],
];

/** Everything that must be answered with an error, the connection closed, and nothing forwarded. */
export const HOSTILE: readonly Hostile[] = [
  ['F1 CL.TE', `${POST}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG`],
  [
    'F2 TE.CL',
    `${POST}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n5c\r\n${EVIL}0\r\n\r\n`,
  ],
  ...TRANSFER_ENCODINGS.flatMap((value): Hostile[] => {
    const line = `${POST}Transfer-Encoding: ${value}\r\n`;
    return [
      [`F3 transfer-encoding ${quoted(value)}`, `${line}\r\n0\r\n\r\n${EVIL}`, 0],
      [`F3 with length: ${quoted(value)}`, `${line}Content-Length: 5\r\n\r\n0\r\n\r\n${EVIL}`, 0],
    ];
  }),
  [
    'F4 transfer-encoding twice',
    `${POST}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    0,
  ],
  [
    'F4 transfer-encoding twice, once identity',
    `${POST}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n`,
    0,
  ],
  ['F6 space before the colon', `${POST}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`],
  ['F6 tab before the colon', `${POST}Content-Length\t: 5\r\n\r\nhello`],
  ['F7 obs-fold', `${POST}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n`],
  ['F7 first field folded', `GET /c HTTP/1.1\r\n Host: t\r\n\r\n`],
  ['F8 bare LF hides', `${POST}X: X\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
  ['F8 bare CR hides', `${POST}X: X\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
  [
    'F9 HTTP/1.0 with TE',
    'POST /c HTTP/1.0\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    0,
  ],
  ...LENGTHS.map(
    (value): Hostile => [
      `F10 content-length ${quoted(value)}`,
      `${POST}Content-Length: ${value}\r\n\r\nhello${EVIL}`,
      0,
    ],
  ),
  ['F11 the same length twice', `${POST}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello`],
  [
    'F12 Connection names the length',
    `${POST}Connection: content-length\r\nContent-Length: 5\r\n\r\nhello`,
  ],
  [
    'F12 Connection names Host',
    `GET /c HTTP/1.1\r\nHost: t\r\nConnection: host, authorization\r\nAuthorization: a\r\n\r\n`,
  ],
  ['F11 two lengths', `${POST}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!`],
  [
    'F11 empty length, then a real one',
    `${POST}Content-Length: \r\nContent-Length: 5\r\n\r\nhello`,
  ],
  ...CHUNK_SIZES.map(
    (size): Hostile => [
      `F14 chunk size ${quoted(size)}`,
      `${CHUNKED}${size}\r\nhello\r\n0\r\n\r\n${EVIL}`,
      0,
    ],
  ),
  ['F15 LF in a chunk extension', `${CHUNKED}5;a\nb\r\nhello\r\n0\r\n\r\n`],
  ['F15 NUL in a chunk extension', `${CHUNKED}5;a\0b\r\nhello\r\n0\r\n\r\n`],
  ['F15 extensions without end', `${CHUNKED}5;${'a'.repeat(65_536)}\r\nhello\r\n0\r\n\r\n`, 0],
  ['F16 LF after the chunk size', `${CHUNKED}5\nhello\r\n0\r\n\r\n`],
  ['F16 LF after the chunk', `${CHUNKED}5\r\nhello\n0\r\n\r\n`],
  ['F16 LF after the last chunk', `${CHUNKED}0\n\r\n`],
  ['F16 CR after the chunk size', `${CHUNKED}5\rhello\r\n0\r\n\r\n`],
  ['F17 chunk longer than said', `${CHUNKED}5\r\nhello!!\r\n0\r\n\r\n`],
  ['F17 no chunk at all', `${CHUNKED}INVALID!!!\r\n${EVIL}`],
  ["F18 space before a trailer's colon", `${CHUNKED}0\r\na : b\r\n\r\n`],
  ['F18 NUL in a trailer', `${CHUNKED}0\r\na: \0\r\n\r\n`],
  ['F18 trailers without end', `${CHUNKED}0\r\na: ${'x'.repeat(100_000)}\r\n\r\n`, 431],
  ...REQUEST_LINES.map(
    ([line, status]): Hostile => [`F19 ${quoted(line)}`, `${line}Host: t\r\n\r\n`, status],
  ),
  ['F19 HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 0],
  ...HOSTS.map((host): Hostile => [`F21 ${quoted(host)}`, `GET /c HTTP/1.1\r\n${host}\r\n`]),
  ...FIELDS.map((field): Hostile => [`F24 ${quoted(field)}`, `${GET}${field}\r\n\r\n`]),
  ['F28 CONNECT', 'CONNECT t:443 HTTP/1.1\r\nHost: t:443\r\n\r\n', 0],
  ['F29 unknown expectation', `${POST}Expect: foo\r\nContent-Length: 5\r\n\r\nhello`, 417],
  ['L1 target of 70 kB', `GET /${'a'.repeat(70_000)} HTTP/1.1\r\nHost: t\r\n\r\n`, 414],
  ['L2 field of 100 kB', `${GET}a: ${'x'.repeat(100_000)}\r\n\r\n`, 431],
  ['L2 3,000 fields', `${GET}${'a: b\r\n'.repeat(3_000)}\r\n`, 431],
];

/** Accepted, but forwarded in canonical form: bytes, how many answers, and what the origin gets. */
export type Tamed = readonly [
  name: string,
  bytes: string,
  requests: readonly {
    readonly target: string;
    readonly body?: string;
    readonly method?: string;
  }[],
];

export const TAMED: readonly Tamed[] = [
  [
    'F13 a request as the body of a GET',
    `${GET}Content-Length: ${EVIL.length}\r\n\r\n${EVIL}`,
    [{ target: '/c', body: EVIL }],
  ],
  [
    'F15 a small chunk extension',
    `${CHUNKED}5;a=b\r\nhello\r\n0\r\n\r\n`,
    [{ target: '/c', body: 'hello' }],
  ],
  [
    'F18 forbidden trailers',
    `${CHUNKED}5\r\nhello\r\n0\r\ncontent-length: 7\r\nhost: evil\r\nx-sum: 1\r\n\r\n`,
    [{ target: '/c', body: 'hello' }],
  ],
  ['F20 one empty line first', `\r\n${GET}\r\n`, [{ target: '/c' }]],
  ['F22 absolute form', 'GET http://evil/c HTTP/1.1\r\nHost: t\r\n\r\n', [{ target: '/c' }]],
  [
    'F25 names that JavaScript knows',
    `${GET}__proto__: x\r\nconstructor: y\r\nhasOwnProperty: z\r\n\r\n`,
    [{ target: '/c' }],
  ],
  [
    'F26 upgrade to h2c',
    `${GET}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n`,
    [{ target: '/c' }],
  ],
  [
    'F30 three in one packet',
    `${GET}\r\n${POST}Content-Length: 2\r\n\r\nhiGET /d HTTP/1.1\r\nHost: t\r\n\r\n`,
    [{ target: '/c' }, { target: '/c', body: 'hi' }, { target: '/d' }],
  ],
  [
    'F30 length 0, then the next',
    `${POST}Content-Length: 0\r\n\r\nGET /d HTTP/1.1\r\nHost: t\r\n\r\n`,
    [{ target: '/c' }, { target: '/d' }],
  ],
];

function quoted(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text);
}
