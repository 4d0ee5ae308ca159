import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { takeH2Fields } from './h2-fields.ts';
import { type HeaderLimits, HeaderMap, headerName } from './header-map.ts';
import { hashName, nameBit } from './name-hash.ts';
import { pseudoSlot } from './pseudo-fields.ts';

type Pairs = readonly (readonly [string, string])[];

/** Fills a map the way a codec does: ranges over one received buffer. */
function received(pairs: Pairs, limits?: HeaderLimits): HeaderMap {
  const map = new HeaderMap(limits);
  const buffer = Buffer.from(pairs.map(([n, v]) => `${n}: ${v}\r\n`).join(''), 'latin1');
  map.attach(buffer);
  let at = 0;
  for (const [name, value] of pairs) {
    const nameEnd = at + name.length;
    const valueStart = nameEnd + 2;
    const valueEnd = valueStart + value.length;
    if (name.startsWith(':'))
      map.appendPseudo(pseudoSlot(buffer, at, nameEnd), valueStart, valueEnd);
    else map.append(hashName(buffer, at, nameEnd), at, nameEnd, valueStart, valueEnd, true, false);
    at = valueEnd + 2;
  }
  return map;
}

/** Fills a map as the HTTP/2 codec does, from the strings of node:http2. */
function fromHttp2(pairs: Pairs, limits?: HeaderLimits): HeaderMap {
  const map = new HeaderMap(limits);
  const kind = pairs.some(([name]) => name === ':status') ? 'response' : 'request';
  expect(takeH2Fields(map, pairs.flat(), kind)).toBe(null);
  return map;
}

const REQUEST: Pairs = [
  [':method', 'GET'],
  [':authority', 'reviews:9080'],
  [':path', '/reviews/0?x=1'],
  ['accept', 'text/html'],
  ['cookie', 'a=1'],
  ['x-empty', ''],
  ['cookie', 'b=2'],
];

const COOKIE = headerName('Cookie');
const PATH = headerName(':path');
const HOST = headerName('host');

describe.each([
  ['from pairs', (pairs: Pairs, limits?: HeaderLimits) => HeaderMap.fromPairs(pairs, limits)],
  ['over received bytes', received],
  ['of the strings of HTTP/2', fromHttp2],
])('a map made %s', (_, make) => {
  test('gives back its pairs, pseudo-headers first', () => {
    const map = make(REQUEST);
    expect(map.toPairs()).toEqual(REQUEST);
    expect(map.count).toBe(7);
    expect(map.bytes).toBe(REQUEST.reduce((sum, [n, v]) => sum + n.length + v.length, 0));
    expect(map.editedNames).toBe(0);
    const mixed = make([REQUEST[3], REQUEST[2], REQUEST[0]]);
    expect(mixed.toPairs()).toEqual([REQUEST[0], REQUEST[2], REQUEST[3]]);
  });

  test('finds a name in any case, and all values of it in order', () => {
    const map = make(REQUEST);
    expect(map.get(headerName('ACCEPT'))).toBe('text/html');
    expect(map.getAll(COOKIE)).toEqual(['a=1', 'b=2']);
    expect(map.get(headerName('x-empty'))).toBe('');
    expect(map.get(headerName('x-absent'))).toBe(null);
    const upper = Buffer.from('--CooKIE--');
    expect(map.find(upper, 2, 8)).toBe(map.findName(COOKIE));
    expect(map.equals(PATH, '/reviews/0?x=1')).toBe(true);
    expect(map.equals(PATH, '/reviews/0?x=2')).toBe(false);
  });

  test('names that share a hash are told apart by their bytes', () => {
    const twin = headerName('j1st');
    expect(twin.hash).toBe(HOST.hash);
    const map = make([
      ['j1st', 'x'],
      [':authority', 'real'],
    ]);
    expect(map.get(HOST)).toBe('real');
    expect(map.get(twin)).toBe('x');
    map.removeName(twin);
    expect(map.toPairs()).toEqual([[':authority', 'real']]);
  });

  test('host is :authority in a request and a plain field in a response', () => {
    const request = make(REQUEST);
    expect(request.setName(HOST, 'other')).toBe(true);
    expect(request.get(headerName(':authority'))).toBe('other');
    expect(request.addName(HOST, 'again')).toBe(false);
    const response = make([[':status', '200']]);
    expect(response.setName(HOST, 'other')).toBe(true);
    expect(response.toPairs()).toEqual([
      [':status', '200'],
      ['host', 'other'],
    ]);
  });

  test('edits: add goes behind, set replaces the first and drops the others, remove takes all', () => {
    const map = make(REQUEST);
    expect(map.addName(headerName('X-New'), '1')).toBe(true);
    expect(map.setName(COOKIE, 'c=3')).toBe(true);
    expect(map.removeName(headerName('accept'))).toBe(true);
    expect(map.removeName(headerName('accept'))).toBe(false);
    expect(map.setName(PATH, '/other')).toBe(true);
    expect(map.toPairs()).toEqual([
      [':method', 'GET'],
      [':authority', 'reviews:9080'],
      [':path', '/other'],
      ['cookie', 'c=3'],
      ['x-empty', ''],
      ['x-new', '1'],
    ]);
    for (const name of ['x-new', 'cookie', 'accept', ':path']) {
      expect(map.editedNames & nameBit(headerName(name).hash)).not.toBe(0);
    }
  });

  test('refuses what could not be written, and changes nothing', () => {
    const map = make(REQUEST);
    const bad: Pairs = [
      ['', 'x'],
      ['a b', 'x'],
      ['a:', 'x'],
      ['x\r\ny', 'x'],
      ['\xe9', 'x'],
      ['x', 'a\r\nb: c'],
      ['x', 'a\nb'],
      ['x', 'a\0'],
      ['x', '\x7f'],
      [':unknown', 'x'],
      [':path', ''],
      [':path', '/a b'],
      [':path', '/a HTTP/1.1\r\nx: y'],
      [':path', '/a#b'],
      [':path', 'relative'],
      [':method', 'GET /'],
      [':authority', 'u@t'],
      [':authority', 't:99999'],
      [':status', '2e2'],
      [':status', '099'],
    ];
    for (const [name, value] of bad) {
      const nameBytes = Buffer.from(name, 'latin1');
      const valueBytes = Buffer.from(value, 'latin1');
      const range = [nameBytes, 0, nameBytes.length, valueBytes, 0, valueBytes.length] as const;
      expect([name, value, map.add(...range), map.set(...range)]).toEqual([
        name,
        value,
        false,
        false,
      ]);
    }
    expect(
      map.setPairs([
        ['good', '1'],
        ['bad\n', '2'],
      ]),
    ).toBe(false);
    expect(map.toPairs()).toEqual(REQUEST);
    expect(map.editedNames).toBe(0);
  });

  test('whitespace around a value is no part of it', () => {
    const map = make([]);
    map.addName(COOKIE, ' \t a b\t ');
    expect(map.get(COOKIE)).toBe('a b');
  });

  test('a filter has room beyond the limits of the peer, and no more than that', () => {
    const map = make(REQUEST, { headersMax: 8, headerBytesMax: 200 });
    let added = 0;
    while (map.addName(headerName('x'), 'y')) added++;
    expect(map.count).toBe(8 + 64 + 6);
    expect(added).toBe(map.count - 7);
    expect(map.setName(COOKIE, 'z'.repeat(17 * 1024))).toBe(false);
    expect(map.setName(COOKIE, 'z'.repeat(15 * 1024))).toBe(true);
  });

  test('can be emptied and filled anew', () => {
    const map = make(REQUEST);
    map.clear();
    expect(map.count).toBe(0);
    expect(map.bytes).toBe(0);
    map.reset();
    expect(map.addName(COOKIE, 'x')).toBe(true);
    expect(map.toPairs()).toEqual([['cookie', 'x']]);
  });

  const name = fc.constantFrom('a', 'b', 'x-long-name', 'j1st', 'host', ':path', ':method');
  const value = fc.oneof(
    fc.constantFrom('/v', 'GET', 'bad\n', ''),
    fc.string({ maxLength: 60 }).map((text) => text.replace(/[^!-~]/g, 'x')),
  );
  const edit = fc.tuple(fc.constantFrom('add', 'set', 'remove'), name, value);

  test('any row of edits leaves what it leaves in a plain list', () => {
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 120 }), (edits) => {
        const map = make(REQUEST);
        const model = new Model(REQUEST);
        for (const [kind, key, text] of edits) {
          if (kind === 'remove') {
            expect(map.removeName(headerName(key))).toBe(model.remove(key));
            continue;
          }
          const before = map.toPairs();
          const done =
            kind === 'add'
              ? map.addName(headerName(key), text)
              : map.setName(headerName(key), text);
          if (done) model[kind](key, text);
          else expect(map.toPairs()).toEqual(before);
        }
        expect(sorted(map.toPairs())).toEqual(sorted(model.pairs));
        expect(map.count).toBe(model.pairs.length);
        expect(map.bytes).toBe(model.pairs.reduce((sum, [n, v]) => sum + n.length + v.length, 0));
      }),
    );
  });
});

/** Fields of one name keep their order; that is all that counts between names. */
function sorted(pairs: Pairs): Pairs {
  return pairs.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

class Model {
  pairs: [string, string][];

  constructor(pairs: Pairs) {
    this.pairs = pairs.map(([name, value]) => [name, value]);
  }

  add(name: string, value: string): void {
    this.pairs.push([alias(name), value]);
  }

  set(name: string, value: string): void {
    const at = this.pairs.findIndex(([other]) => other === alias(name));
    if (at < 0) {
      this.add(name, value);
      return;
    }
    const [head, tail] = [this.pairs.slice(0, at), this.pairs.slice(at + 1)];
    this.pairs = [...head, [alias(name), value], ...tail.filter(([n]) => n !== alias(name))];
  }

  remove(name: string): boolean {
    const before = this.pairs.length;
    this.pairs = this.pairs.filter(([other]) => other !== alias(name));
    return this.pairs.length < before;
  }
}

function alias(name: string): string {
  return name === 'host' ? ':authority' : name;
}

test('names that are known, and the same bytes as names, edit alike', () => {
  const name = fc.constantFrom(
    'x-a',
    'x-b',
    'cookie',
    'host',
    ':path',
    'X-Upper',
    'te',
    'bad name',
  );
  const value = fc.oneof(
    fc.constantFrom('', ' padded\t', '/path', 'bad\nvalue', 'v'.repeat(65), 'w'.repeat(5000)),
    fc.string({ maxLength: 90 }),
  );
  const edit = fc.record({ op: fc.constantFrom('add', 'set', 'remove'), name, value });
  fc.assert(
    fc.property(fc.array(edit, { maxLength: 12 }), (edits) => {
      const byName = received(REQUEST);
      const byBytes = received(REQUEST);
      for (const { op, name, value } of edits) {
        const known = headerName(name);
        const bytes = Buffer.from(name.toLowerCase(), 'latin1');
        const data = Buffer.from(value, 'latin1');
        if (op === 'remove') {
          expect(byName.removeName(known)).toBe(byBytes.remove(bytes, 0, bytes.length));
          continue;
        }
        const named = op === 'add' ? byName.addNamed : byName.setNamed;
        const raw = op === 'add' ? byBytes.add : byBytes.set;
        const done = named.call(byName, known, data, 0, data.length);
        expect(done).toBe(raw.call(byBytes, bytes, 0, bytes.length, data, 0, data.length));
      }
      expect(byName.toPairs()).toEqual(byBytes.toPairs());
      expect([byName.count, byName.bytes]).toEqual([byBytes.count, byBytes.bytes]);
      expect(byName.editedNames).toBe(byBytes.editedNames);
    }),
  );
});

test('a long value that is set again and again is told from others like it', () => {
  const map = received(REQUEST);
  const long = headerName('x-long');
  const texts = ['a', 'b'].flatMap((end) => ['m'.repeat(100) + end, `${'m'.repeat(99)}n${end}`]);
  for (let round = 0; round < 4; round++) {
    for (const text of [...texts, ...texts.map((other) => other + other)]) {
      for (let again = 0; again < 3; again++) {
        expect(map.setName(long, text)).toBe(true);
        expect(map.get(long)).toBe(text);
      }
    }
  }
});
