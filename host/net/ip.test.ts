import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatAddress, inRange, isLoopback, parseCidr, parseIp, plainIp } from './ip.ts';

describe('IP addresses', () => {
  it.each([
    ['1.2.3.4', [1, 2, 3, 4]],
    ['::', new Array(16).fill(0)],
    ['2001:db8::ff', [0x20, 1, 0xd, 0xb8, ...new Array(11).fill(0), 0xff]],
    ['1:2:3:4:5:6:7:8', [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8]],
    ['64:ff9b::1.2.3.4', [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]],
    ['::ffff:1.2.3.4', [1, 2, 3, 4]],
    ['fe80::1%eth0', [0xfe, 0x80, ...new Array(13).fill(0), 1]],
  ])('reads %s', (text, bytes) => {
    expect(Array.from(parseIp(text) ?? [])).toEqual(bytes);
  });

  it.each(['', '1.2.3', '1.2.3.256', 'localhost', '1:2', ':::', '1.2.3.4/8', '::1::'])(
    'refuses %j',
    (text) => {
      expect(parseIp(text)).toBeNull();
    },
  );

  it('never throws, whatever the text', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer(), (text, length) => {
        parseIp(text);
        parseCidr(text, length);
      }),
    );
  });

  it('reads back what it would write for any IPv6 address', () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        const bytes = parseIp(text);
        if (bytes === null || bytes.length !== 16) return;
        const full = Array.from({ length: 8 }, (_, i) =>
          ((bytes[2 * i] << 8) | bytes[2 * i + 1]).toString(16),
        ).join(':');
        expect(parseIp(full)).toEqual(bytes);
      }),
    );
  });

  it('holds a range to its prefix, bit by bit', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.ipV4(), fc.integer({ min: 0, max: 32 }), (a, b, length) => {
        const range = parseCidr(a, length);
        const bits = (text: string): string =>
          text
            .split('.')
            .map((part) => Number(part).toString(2).padStart(8, '0'))
            .join('');
        const expected = bits(a).slice(0, length) === bits(b).slice(0, length);
        const bytes = parseIp(b);
        expect(range !== null && bytes !== null && inRange(bytes, range)).toBe(expected);
      }),
    );
  });

  it('refuses prefixes longer than the address', () => {
    expect(parseCidr('10.0.0.0', 33)).toBeNull();
    expect(parseCidr('::', 129)).toBeNull();
    expect(parseCidr('::', -1)).toBeNull();
    expect(parseCidr('10.0.0.0', 1.5)).toBeNull();
  });

  it('knows loopback addresses of both families', () => {
    const loopback = (text: string): boolean => isLoopback(parseIp(text) ?? new Uint8Array(4));
    expect(['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'].map(loopback)).toEqual(
      new Array(4).fill(true),
    );
    expect(['128.0.0.1', '::2', '1::1'].map(loopback)).toEqual(new Array(3).fill(false));
  });

  it("spells an end as Envoy does, whatever Node's spelling", () => {
    expect(formatAddress(plainIp('::ffff:10.0.0.1'), 80)).toBe('10.0.0.1:80');
    expect(formatAddress(plainIp('fe80::1%eth0'), 80)).toBe('[fe80::1]:80');
  });
});
