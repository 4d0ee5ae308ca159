import { isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isHostName, isIpBlock, isIpv4, isIpv6 } from './checks.ts';
import { parseDuration } from './schema.ts';

describe('addresses', () => {
  it('agrees with Node about IPv4 and IPv6', () => {
    const text = fc.oneof(
      fc.ipV4(),
      fc.ipV6(),
      fc.string({ unit: fc.constantFrom(...'0123456789abcf:.'), maxLength: 20 }),
    );
    fc.assert(
      fc.property(text, (value) => {
        expect(isIpv4(value)).toBe(isIPv4(value));
        expect(isIpv6(value)).toBe(isIPv6(value));
      }),
      { numRuns: 2000 },
    );
  });

  it.each(['10.0.0.0/8', '::/0', '192.0.2.1', 'fe80::1/128'])('takes the block %s', (block) => {
    expect(isIpBlock(block)).toBe(true);
  });

  it.each(['10.0.0.0/33', '::/129', '10.0.0.0/', '/8', '10.0/8', '10.0.0.1/-1', '10.0.0.1/8/8'])(
    'refuses the block %s',
    (block) => {
      expect(isIpBlock(block)).toBe(false);
    },
  );
});

describe('host names', () => {
  it.each(['reviews', 'a.b.c', '*', '*.example.com', 'x_y.example'])('takes %s', (name) => {
    expect(isHostName(name)).toBe(true);
  });

  it.each(['', 'a..b', 'a.*', '**', '*a.com', 'a b', 'a/b', 'a:80', '-a', 'a'.repeat(64)])(
    'refuses %j',
    (name) => {
      expect(isHostName(name)).toBe(false);
    },
  );
});

describe('durations', () => {
  it.each([
    ['10s', 10_000],
    ['250ms', 250],
    ['1h30m', 5_400_000],
    ['0.5s', 500],
    ['0s', 0],
    ['1us', 0.001],
  ])('reads %s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(['', '10', 's', '-1s', '1 s', '1d', '1s ', '1e3s', '999999999999h'])(
    'refuses %j',
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );
});
