import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FAILED, INCOMPLETE } from './head-facts.ts';
import { HeadParser } from './head-parser.ts';
import { HeaderMap } from './header-map.ts';

type Pairs = [string, string][];

interface Parsed {
  readonly at: number;
  readonly error: string;
  readonly pairs: Pairs;
}

/** Feeds the bytes cut at `cuts`; stops where the parser is done. */
function parse(
  bytes: Buffer,
  cuts: readonly number[] = [],
  kind: 'request' | 'response' = 'request',
): Parsed {
  const map = new HeaderMap();
  const parser = new HeadParser(kind, map);
  parser.begin(map);
  const edges = [0, ...[...cuts].sort((a, b) => a - b), bytes.length];
  for (let i = 0; i + 1 < edges.length; i++) {
    if (edges[i] === edges[i + 1]) continue;
    const piece = Buffer.from(bytes.subarray(edges[i], edges[i + 1]));
    const at = parser.feed(piece, 0);
    if (at === FAILED) return { at, error: parser.error, pairs: [] };
    if (at !== INCOMPLETE) return { at: edges[i] + at, error: '', pairs: map.toPairs() };
  }
  return { at: INCOMPLETE, error: '', pairs: [] };
}

const HEAD =
  'POST /a?b HTTP/1.1\r\nHost: T:80\r\nX-One:  1 \r\nX-Two:\r\nX-One: 3\r\nContent-Length: 7\r\n\r\n';

describe('a head', () => {
  test('becomes pseudo-headers and fields in lower case', () => {
    const parsed = parse(Buffer.from(`${HEAD}body`));
    expect(parsed.at).toBe(HEAD.length);
    expect(parsed.pairs).toEqual([
      [':method', 'POST'],
      [':authority', 't:80'],
      [':path', '/a?b'],
      ['x-one', '1'],
      ['x-two', ''],
      ['x-one', '3'],
      ['content-length', '7'],
    ]);
  });

  test('is the same head wherever it is cut', () => {
    const bytes = Buffer.from(`\r\n${HEAD}body`);
    const whole = parse(bytes);
    for (let cut = 1; cut < bytes.length; cut++) expect(parse(bytes, [cut])).toEqual(whole);
    const everywhere = Array.from({ length: bytes.length }, (_, i) => i);
    expect(parse(bytes, everywhere)).toEqual(whole);
  });

  test('may start anywhere in a received buffer', () => {
    const map = new HeaderMap();
    const parser = new HeadParser('request', map);
    parser.begin(map);
    const buffer = Buffer.from(`rest${HEAD}`);
    expect(parser.feed(buffer, 4)).toBe(buffer.length);
    expect(map.toPairs()).toEqual(parse(Buffer.from(HEAD)).pairs);
    parser.begin(map);
    map.reset();
    const first = Buffer.from(`rest${HEAD.slice(0, 40)}`);
    expect(parser.feed(first, 4)).toBe(INCOMPLETE);
    const second = Buffer.from(`..${HEAD.slice(40)}more`);
    expect(parser.feed(second, 2)).toBe(second.length - 4);
    expect(map.toPairs()).toEqual(parse(Buffer.from(HEAD)).pairs);
  });

  test('that comes byte by byte costs linear time', () => {
    const head = Buffer.from(`GET / HTTP/1.1\r\nHost: t\r\nX: ${'y'.repeat(58_000)}\r\n\r\n`);
    const map = new HeaderMap();
    const parser = new HeadParser('request', map);
    parser.begin(map);
    const started = performance.now();
    let incomplete = 0;
    for (let i = 0; i < head.length - 1; i++) {
      if (parser.feed(head.subarray(i, i + 1), 0) === INCOMPLETE) incomplete++;
    }
    expect(incomplete).toBe(head.length - 1);
    expect(parser.feed(head.subarray(head.length - 1), 0)).toBe(1);
    // Quadratic time would be some 1.7 thousand million steps; linear is a few million.
    expect(performance.now() - started).toBeLessThan(1000);
  });

  test('is refused as soon as it cannot become one, not at the end of its line', () => {
    for (const bytes of [
      'GET / HTTP/1.1\r\nHost: t\r\nX: a\0',
      'GET /\x01',
      '\x16\x03',

      'GET / HTTP/1.1\n',
      'GET / HTTP/1.1\rX',
    ]) {
      expect(parse(Buffer.from(bytes)).at).toBe(FAILED);
      const cuts = Array.from({ length: bytes.length }, (_, i) => i);
      expect(parse(Buffer.from(bytes), cuts).at).toBe(FAILED);
    }
  });
});

const token = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}$/);
const value = fc.stringMatching(/^([!-~\x80-\xff]([ \t!-~\x80-\xff]{0,20}[!-~\x80-\xff])?)?$/);
const field = fc
  .tuple(
    token.map((name) => `x-${name}`),
    value,
  )
  .map(([name, text]): [string, string] => [name, text]);

describe('of any bytes', () => {
  test('what was written is what is read', () => {
    fc.assert(
      fc.property(fc.array(field, { maxLength: 20 }), fc.array(fc.nat(2000)), (fields, cuts) => {
        const lines = fields.map(([name, text]) => `${name}: ${text}\r\n`).join('');
        const bytes = Buffer.from(`GET /p HTTP/1.1\r\nhost: t\r\n${lines}\r\n`, 'latin1');
        const parsed = parse(
          bytes,
          cuts.map((cut) => cut % bytes.length),
        );
        expect(parsed.pairs.slice(3)).toEqual(
          fields.map(([name, text]) => [name.toLowerCase(), text]),
        );
      }),
    );
  });

  test('a cut anywhere changes nothing, whatever was mutated', () => {
    const mutation = fc.tuple(
      fc.nat(HEAD.length - 1),
      fc.nat(255),
      fc.constantFrom('set', 'insert', 'delete'),
    );
    fc.assert(
      fc.property(fc.array(mutation, { maxLength: 4 }), fc.nat(1000), (mutations, cut) => {
        let bytes = Buffer.from(HEAD);
        for (const [at, byte, kind] of mutations) {
          const head = bytes.subarray(0, at);
          const tail = bytes.subarray(kind === 'insert' ? at : at + 1);
          bytes = Buffer.concat([head, ...(kind === 'delete' ? [] : [Buffer.of(byte)]), tail]);
        }
        const whole = parse(Buffer.from(bytes));
        const parts = parse(Buffer.from(bytes), [cut % bytes.length]);
        expect(parts.at === FAILED).toBe(whole.at === FAILED);
        expect(parts.pairs).toEqual(whole.pairs);
        if (whole.at >= 0) expect(parts.at).toBe(whole.at);
      }),
      { numRuns: 3000 },
    );
  });

  test('random bytes never throw, on either side', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, isRequest) => {
        const prefix = isRequest ? 'GET / HTTP/1.1\r\n' : 'HTTP/1.1 200 OK\r\n';
        parse(Buffer.concat([Buffer.from(prefix), bytes]), [5], isRequest ? 'request' : 'response');
        parse(Buffer.from(bytes), [5], isRequest ? 'request' : 'response');
      }),
    );
  });
});
