import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { compileGuest } from './open-guest.ts';

type Call = (...args: (number | bigint)[]) => number;

let module: WebAssembly.Module;
let guest: Guest;

beforeAll(async () => {
  module = new WebAssembly.Module(await compileGuest('structures', 'fast'));
  guest = new Guest();
});

/** The module of structures/index.ts, whose abort throws its message. */
class Guest {
  readonly #exports: WebAssembly.Exports;

  constructor() {
    const env: Record<string, Call> = {};
    for (const { name } of WebAssembly.Module.imports(module)) env[name] = () => 1;
    env['proxy_log'] = (_level, at, size) => {
      throw new Error(this.#text(Number(at), Number(size)));
    };
    this.#exports = new WebAssembly.Instance(module, { env }).exports;
    this.call('_initialize');
  }

  call(name: string, ...args: (number | bigint)[]): number {
    return (this.#exports[name] as Call)(...args);
  }

  /** Calls with bytes as input. */
  with(input: string | Uint8Array, name: string, ...args: number[]): number {
    const bytes = typeof input === 'string' ? Buffer.from(input) : input;
    const at = this.call('prepare', bytes.length);
    new Uint8Array(this.#memory.buffer).set(bytes, at);
    return this.call(name, ...args);
  }

  /** The text whose address a call returned. */
  output(at: number): string {
    const size = (this.#exports['outputSize'] as WebAssembly.Global).value;
    return this.#text(at, size);
  }

  get #memory(): WebAssembly.Memory {
    return this.#exports['memory'] as WebAssembly.Memory;
  }

  #text(at: number, size: number): string {
    return Buffer.from(this.#memory.buffer, at, size).toString();
  }
}

test('a map of ids does what a Map does', () => {
  const step = fc.record({
    kind: fc.constantFrom('set', 'remove', 'get'),
    // Few distinct low bits, so that entries stand in each other's way.
    id: fc.integer({ min: 1, max: 40 }).map((n) => (n % 5) + (n >> 2) * 32 + 1),
    value: fc.nat(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const fresh = new Guest();
      const model = new Map<number, number>();
      for (const { kind, id, value } of steps) {
        if (kind === 'set') {
          model.set(id, value);
          fresh.call('idSet', id, value);
        } else if (kind === 'remove') {
          model.delete(id);
          fresh.call('idRemove', id);
        }
        expect(fresh.call('idGet', id)).toBe(model.get(id) ?? -1);
      }
      expect(fresh.call('idCount')).toBe(model.size);
      for (const [id, value] of model) expect(fresh.call('idGet', id)).toBe(value);
    }),
    { numRuns: 60 },
  );
});

test('a map of bytes tells keys apart, however many there are', () => {
  const fresh = new Guest();
  const keys = Array.from({ length: 500 }, (_, i) => `key-${i * 7919}`);
  for (const [index, key] of keys.entries()) fresh.with(key, 'keySet', index);
  for (const [index, key] of keys.entries()) expect(fresh.with(key, 'keyGet')).toBe(index);
  expect(fresh.with('key-', 'keyGet')).toBe(-1);
  expect(fresh.with('', 'keyGet')).toBe(-1);
});

test('a record begins with zeros, also where another one was before', () => {
  const fresh = new Guest();
  expect(fresh.call('recordAdd', 5, 3)).toBe(3);
  expect(fresh.call('recordAdd', 5, 4)).toBe(7);
  fresh.call('recordClose', 5);
  expect(fresh.call('recordKnown', 5)).toBe(0);
  expect(fresh.call('recordAdd', 6, 1)).toBe(1);
});

test('integers are read and written exactly', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n) + 1n, max: 2n ** 63n - 1n }), (value) => {
      const text = guest.output(guest.call('formatted', value));
      expect(text).toBe(String(value));
      expect(guest.with(text, 'integerOf')).toBe(value);
    }),
  );
  for (const odd of ['', '-', '1x', ' 1', '+1', '9223372036854775808', '99999999999999999999']) {
    expect(guest.with(odd, 'integerOf')).toBe(-(2n ** 63n));
  }
});

test.each([
  ['1s', 1000],
  ['1.5s', 1500],
  ['0.000000001s', 0.000001],
  ['-2s', -2000],
  ['315576000000s', 315576000000000],
])('%s is %d ms', (text, ms) => {
  expect(guest.with(text, 'durationOf')).toBeCloseTo(ms, 6);
});

test.each(['', 's', '1', '1.s.s', '1m', '1..5s', 'xs'])('%j is no duration', (text) => {
  expect(guest.with(text, 'durationOf')).toBeNaN();
});

test('names are lowered in ASCII only', () => {
  expect(guest.output(guest.with('X-ÄbC[@`{', 'lowered'))).toBe('x-Äbc[@`{');
});

test('text goes in and out of memory as UTF-8', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      expect(guest.output(guest.with(text, 'recoded'))).toBe(text);
    }),
  );
});

describe('JSON', () => {
  /** What the parser made of it, or its complaint. */
  const parse = (text: string) => guest.output(guest.with(text, 'parsed'));

  test('is read as JSON.parse reads it', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (text) => {
        expect(closeTo(JSON.parse(parse(text)), JSON.parse(text))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test('is refused wherever JSON.parse refuses it, after any mutation', () => {
    const mutation = fc.record({
      text: fc.json(),
      at: fc.nat(),
      byte: fc.integer({ min: 9, max: 126 }),
    });
    fc.assert(
      fc.property(mutation, ({ text, at, byte }) => {
        const place = at % (text.length + 1);
        const odd = text.slice(0, place) + String.fromCharCode(byte) + text.slice(place + 1);
        expect(parse(odd).startsWith('!')).toBe(!isJson(odd));
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ['', '!a value is missing at byte 0'],
    ['[1,]', '!a value is missing at byte 3'],
    ['{"a":1,}', '!a member name is missing at byte 7'],
    ['{"a" 1}', '!":" is missing at byte 5'],
    ['[1 2]', '!"," or a closing bracket is missing at byte 3'],
    ['"abc', '!a string does not end at byte 4'],
    ['"\\x"', '!not an escape at byte 3'],
    ['01', '!a number begins with zero at byte 2'],
    ['1 2', '!text behind the value at byte 2'],
    ['[', '!the text ends early at byte 1'],
    [`${'['.repeat(65)}`, '!nested too deeply at byte 65'],
  ])('%s: %s', (text, problem) => {
    expect(parse(text)).toBe(problem);
  });
});

test('pairs that are cut short read as the whole ones, never beyond', () => {
  const whole = Buffer.alloc(4 + 16);
  whole.writeUInt32LE(2, 0);
  for (const [index, size] of [1, 2, 3, 4].entries()) whole.writeUInt32LE(size, 4 + index * 4);
  const encoded = Buffer.concat([whole, Buffer.from('a\0bb\0ccc\0dddd\0')]);
  expect(guest.with(encoded, 'pairCount')).toBe(2);
  for (let size = 0; size < encoded.length; size++) {
    expect(guest.with(encoded.subarray(0, size), 'pairCount')).toBeLessThan(2);
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      expect(guest.with(bytes, 'pairCount')).toBeLessThanOrEqual(7);
    }),
  );
});

test('memory for a callback has room for small and large pieces', () => {
  for (const [first, second] of [
    [0, 0],
    [1, 1],
    [16_384, 1],
    [16_385, 100_000],
    [10_000, 10_000],
    [3_000_000, 5],
  ]) {
    expect(guest.call('allocations', first, second), `${first} ${second}`).toBe(1);
  }
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Equal, but for the last digits of numbers with fractions or exponents. */
function closeTo(found: unknown, wanted: unknown): boolean {
  if (typeof found === 'number' && typeof wanted === 'number') {
    if (Math.abs(wanted) < 1e-300 || Math.abs(wanted) > 1e300) return true;
    return Math.abs(found - wanted) <= Math.abs(wanted) * 1e-13;
  }
  if (typeof found !== 'object' || found === null) return found === wanted;
  if (typeof wanted !== 'object' || wanted === null) return false;
  const entries = Object.entries(wanted);
  if (Object.keys(found).length !== entries.length) return false;
  return entries.every(([key, value]) => closeTo((found as Record<string, unknown>)[key], value));
}
