import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { compileGuest } from './open-guest.ts';
import { TextGuest } from './text-guest.ts';

let guest: TextGuest;

beforeAll(async () => {
  guest = new TextGuest(new WebAssembly.Module(await compileGuest('helpers', 'fast')));
});

const words = fc.string({ unit: 'binary', maxLength: 30 });

test('percent coding undoes itself, and encodeURIComponent', () => {
  fc.assert(
    fc.property(words, (text) => {
      const encoded = guest.text('percentEncoded', text);
      expect(encoded).toMatch(/^[\w.~%-]*$/);
      expect(decodeURIComponent(encoded)).toBe(text);
      expect(guest.text('percentDecoded', encodeURIComponent(text))).toBe(text);
    }),
  );
  for (const odd of ['%', '%4', '100%', '%zz', 'a%2']) {
    expect(guest.text('percentDecoded', odd)).toBe(odd);
  }
});

describe('a query', () => {
  const pairs = fc.array(fc.tuple(words, words), { maxLength: 6 });

  test('is read and written as URLSearchParams does it', () => {
    fc.assert(
      fc.property(pairs, (list) => {
        const reference = new URLSearchParams(list);
        const text = reference.toString();
        expect(guest.text('queryText', text)).toBe(text);
        expect(JSON.parse(guest.text('queryPairs', text))).toEqual([...reference]);
      }),
    );
    for (const text of ['?a=1', 'a', '=', 'a==b', '&&a=1&', 'a=%zz', 'a=+%2B', 'a=1;b=2']) {
      expect(guest.text('queryText', text)).toBe(new URLSearchParams(text).toString());
    }
  });

  test('is changed as URLSearchParams does it', () => {
    const name = fc.constantFrom('a', 'b', 'c');
    const list = fc.array(fc.tuple(name, words), { maxLength: 8 });
    const wish = fc.constantFrom('set', 'append', 'delete');
    fc.assert(
      fc.property(list, wish, name, words, (entries, what, key, value) => {
        const reference = new URLSearchParams(entries);
        const text = reference.toString();
        if (what === 'set') reference.set(key, value);
        else if (what === 'append') reference.append(key, value);
        else reference.delete(key);
        expect(guest.text('queryAfter', text, what, key, value)).toBe(reference.toString());
      }),
    );
  });

  test('has the first value, all of them, or null', () => {
    expect(guest.text('queryValue', 'a=1&b=2&a=3', 'a')).toBe('1 of 2');
    expect(guest.text('queryValue', 'a=1', 'b')).toBe('null');
  });
});

describe('a URL', () => {
  test('is taken apart as URL does it', () => {
    const host = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}(\.[a-z]{2,4})?$/);
    const port = fc.option(fc.integer({ min: 1, max: 65535 }));
    const path = fc.array(fc.stringMatching(/^[\w~-]{1,6}$/), { maxLength: 4 });
    const query = fc.option(fc.stringMatching(/^[a-z]=[a-z0-9]{0,5}$/));
    fc.assert(
      fc.property(host, port, path, query, (name, number, segments, search) => {
        const at = number === null ? name : `${name}:${number}`;
        const rest = `/${segments.join('/')}${search === null ? '' : `?${search}`}`;
        const text = `https://${at}${rest}#top`;
        const reference = new URL(text);
        expect(JSON.parse(guest.text('urlParts', text))).toEqual({
          scheme: 'https',
          host: reference.hostname,
          port: Number(reference.port || 443),
          path: reference.pathname,
          target: reference.pathname + reference.search,
          segments: segments.join('|'),
          whole: text,
        });
      }),
    );
  });

  test.each([
    ['/a/b?x=1', { scheme: '', host: '', port: 0, path: '/a/b', target: '/a/b?x=1' }],
    ['http://[::1]:81/', { host: '[::1]', port: 81 }],
    ['http://u:p@Host/', { host: 'host', port: 80 }],
    ['', { scheme: '', path: '', target: '/' }],
    ['http://h:99999', { host: 'h', port: 0, path: '' }],
    ['/to?u=http://x/', { scheme: '', path: '/to', target: '/to?u=http://x/' }],
  ])('%j has its parts', (text, parts) => {
    expect(JSON.parse(guest.text('urlParts', text))).toMatchObject({ ...parts, whole: text });
  });

  test('gets parameters and segments', () => {
    expect(guest.text('urlWith', '/a?x=1#f', 'y', 'ä b')).toBe('/a?x=1&y=%C3%A4+b#f');
    expect(guest.text('urlOfSegments', 'a b|c/d|é')).toBe('/a%20b/c%2Fd/%C3%A9');
  });
});

describe('cookies', () => {
  test.each([
    ['a=1; b=2', 'b', '2'],
    ['a=1;b=2', 'a', '1'],
    ['ab=1; b=2', 'b', '2'],
    ['a="x y"', 'a', 'x y'],
    ['a=1=2; a=3', 'a', '1=2'],
    ['a; b=', 'a', 'null'],
    ['a; b=', 'b', ''],
    ['', 'a', 'null'],
    ['=x', '', 'x'],
  ])('of %j, %s is %s', (header, name, value) => {
    expect(guest.text('cookie', header, name)).toBe(value);
  });

  test('are set safely, and never with what would break out', () => {
    expect(guest.text('setCookie', 'id', 'abc')).toBe(
      'id=abc; Path=/; Secure; HttpOnly; SameSite=Lax',
    );
    for (const [name, value] of [
      ['', 'x'],
      ['a b', 'x'],
      ['a', 'x; Domain=evil'],
      ['a', 'x\r\nset-cookie: b'],
      ['a', 'é'],
    ] as const) {
      expect(guest.text('setCookie', name, value)).toBe('null');
    }
  });
});

describe('time', () => {
  const NO_TIME = -(2n ** 63n);
  const instants = fc.date({
    min: new Date('0001-01-01T00:00:00Z'),
    max: new Date('9999-12-31T23:59:59Z'),
    noInvalidDate: true,
  });

  test('is written and read as Date does it', () => {
    fc.assert(
      fc.property(instants, (date) => {
        const ms = BigInt(date.getTime());
        const seconds = BigInt(Math.floor(date.getTime() / 1000));
        expect(guest.text('rfc3339', ms)).toBe(date.toISOString());
        expect(guest.number('fromRfc3339', date.toISOString())).toBe(ms);
        expect(guest.text('httpDate', seconds)).toBe(date.toUTCString());
        expect(guest.number('fromHttpDate', date.toUTCString())).toBe(seconds);
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    '2026-11-26T20:15:00+01:30',
    '2026-11-26t20:15:00.5z',
    '2024-02-29T00:00:00.123456789-00:00',
  ])('%s has an offset', (text) => {
    expect(guest.number('fromRfc3339', text)).toBe(BigInt(Date.parse(text.toUpperCase())));
  });

  test.each([
    '',
    '2026-11-26',
    '2025-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-11-26T24:00:00Z',
    '2026-11-26T20:15:00',
    '2026-11-26T20:15:00.Z',
    '2026-11-26T20:15:00+1:00',
    '2026-11-26T20:15:00Zx',
  ])('%j is none', (text) => {
    expect(guest.number('fromRfc3339', text)).toBe(NO_TIME);
    expect(guest.number('fromHttpDate', text)).toBe(NO_TIME);
  });
});
