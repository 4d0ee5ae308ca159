import { createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { compileGuest } from './open-guest.ts';
import { TextGuest } from './text-guest.ts';

let guest: TextGuest;

beforeAll(async () => {
  guest = new TextGuest(new WebAssembly.Module(await compileGuest('helpers', 'fast')));
});

const bytes = fc.uint8Array({ maxLength: 300 });
/** Well-formed: what Node's reference would not change on its way to UTF-8. */
const words = fc.string({ unit: 'binary', maxLength: 60 });

describe('bytes', () => {
  test('base64 is what Buffer makes of it, in both alphabets', () => {
    fc.assert(
      fc.property(bytes, (value) => {
        const buffer = Buffer.from(value);
        expect(guest.text('toBase64', value)).toBe(buffer.toString('base64'));
        expect(guest.text('toBase64Url', value)).toBe(buffer.toString('base64url'));
        expect(guest.bytes('fromBase64', buffer.toString('base64'))).toEqual(buffer);
        expect(guest.bytes('fromBase64', buffer.toString('base64url'))).toEqual(buffer);
      }),
    );
    expect(guest.text('fromBase64', 'a')).toBe('!');
    expect(guest.text('fromBase64', 'ab c')).toBe('!');
  });

  test('hex is what Buffer makes of it', () => {
    fc.assert(
      fc.property(bytes, (value) => {
        const text = Buffer.from(value).toString('hex');
        expect(guest.text('toHex', value)).toBe(text);
        expect(guest.bytes('fromHex', text.toUpperCase())).toEqual(Buffer.from(value));
      }),
    );
    for (const odd of ['a', 'ag', '0x', ' a']) expect(guest.text('fromHex', odd)).toBe('!');
  });

  test('a builder holds what was put into it, however much', () => {
    const wanted = Array.from({ length: 5000 }, (_, i) => `piece${i},`).join('');
    expect(guest.text('built', 'piece', 5000n)).toBe(wanted);
  });

  test('a 64-bit hash is FNV-1a', () => {
    fc.assert(
      fc.property(bytes, (value) => {
        let hash = 0xcbf29ce484222325n;
        for (const byte of value)
          hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & (2n ** 64n - 1n);
        expect(BigInt.asUintN(64, guest.number('hash', value) as bigint)).toBe(hash);
      }),
    );
  });

  test('a share of keys is about as large as asked for, and the same again', () => {
    const picked = Array.from({ length: 4000 }, (_, i) =>
      guest.number('inShare', `user-${i}`, 250_000n),
    );
    expect(picked.filter((one) => one === 1).length).toBeGreaterThan(850);
    expect(picked.filter((one) => one === 1).length).toBeLessThan(1150);
    expect(guest.number('inShare', 'user-7', 250_000n)).toBe(picked[7]);
    expect(guest.number('inShare', 'user-7', 0n)).toBe(0);
    expect(guest.number('inShare', 'user-7', 1_000_000n)).toBe(1);
  });
});

describe('digests', () => {
  test('SHA-256 is what Node computes, at every size around a block', () => {
    for (let size = 0; size <= 200; size++) {
      const message = Buffer.alloc(size, size);
      const wanted = createHash('sha256').update(message).digest('hex');
      expect(guest.bytes('digest', message).toString('hex')).toBe(wanted);
    }
  });

  test('HMAC-SHA256 is what Node computes, for keys of any size', () => {
    fc.assert(
      fc.property(bytes, bytes, (key, message) => {
        const wanted = createHmac('sha256', key).update(message).digest();
        expect(guest.bytes('hmac', key, message)).toEqual(wanted);
      }),
    );
  });

  test('secrets are the same only where all of their bytes are', () => {
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        expect(guest.number('same', a, a)).toBe(1);
        expect(guest.number('same', a, b)).toBe(Buffer.compare(a, b) === 0 ? 1 : 0);
      }),
    );
  });
});

describe('JSON', () => {
  test('that is read and written again says the same', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), (text) => {
        expect(JSON.parse(guest.text('jsonAgain', text))).toEqual(JSON.parse(text));
      }),
      { numRuns: 300 },
    );
  });

  test('keeps what an edit does not touch', () => {
    const json = fc.dictionary(fc.string({ maxLength: 5 }), fc.jsonValue({ maxDepth: 2 }));
    fc.assert(
      fc.property(json, words, words, fc.string({ maxLength: 5 }), (object, name, value, gone) => {
        fc.pre(name !== gone && name !== '__proto__' && !Object.hasOwn(object, '__proto__'));
        const wanted: [string, unknown][] = Object.entries(object).filter(([key]) => key !== gone);
        const at = wanted.findIndex(([key]) => key === name);
        if (at < 0) wanted.push([name, value]);
        else wanted[at] = [name, value];
        const found = guest.text('jsonEdited', JSON.stringify(object), name, value, gone);
        const edited = JSON.parse(JSON.stringify(Object.fromEntries(wanted)));
        expect(JSON.parse(found)).toEqual(edited);
      }),
    );
  });
});
