import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FUEL_UNLIMITED, FuelTank } from './tank.ts';

/** A guest of which only the fuel is there. */
function openTank() {
  let fuel = 0;
  const exchange = (next: number) => {
    const left = fuel;
    fuel = next;
    return left;
  };
  const spend = (units: number) => {
    fuel = Math.max(-1, fuel - units);
  };
  return { tank: new FuelTank(exchange, { value: 0 }), spend };
}

test("what guest and host calls use is gone from the request's account, whoever comes between", () => {
  const callback = fc.record({
    stream: fc.nat(2),
    spent: fc.nat(30_000),
    hostCalls: fc.nat(20),
    bytes: fc.nat(100_000),
  });
  fc.assert(
    fc.property(fc.array(callback, { maxLength: 30 }), (callbacks) => {
      const { tank, spend } = openTank();
      const accounts = [0, 1, 2].map(() => ({ fuel: 100_000_000 }));
      const used = [0, 0, 0];
      for (const { stream, spent, hostCalls, bytes } of callbacks) {
        tank.fill(accounts[stream]!, 10_000_000);
        spend(spent);
        for (let i = 0; i < hostCalls; i++) expect(tank.admit('call')).toBe(true);
        tank.charge(bytes);
        const before = tank.used;
        expect(tank.used).toBe(before);
        used[stream]! += before;
        expect(before).toBe(spent + hostCalls * 5_000 + (bytes < 1024 ? 0 : bytes >>> 4));
      }
      tank.fill({ fuel: FUEL_UNLIMITED }, 1);
      expect(accounts.map(({ fuel }) => 100_000_000 - fuel)).toEqual(used);
    }),
  );
});

test('host calls end with the fuel, and none is served after', () => {
  const { tank } = openTank();
  tank.fill({ fuel: FUEL_UNLIMITED }, 1_000_000);
  let served = 0;
  while (served < 10_000 && tank.admit(`call ${served}`)) served++;
  expect(served).toBeGreaterThan(180);
  expect(served).toBeLessThanOrEqual(200);
  expect(tank.exhausted).toBe(true);
  expect(tank.admit('late')).toBe(false);
  expect(tank.calls).toHaveLength(16);
  expect(tank.calls.at(-1)).toBe('late');
});

test('a request that has used up its fuel gets none', () => {
  const { tank, spend } = openTank();
  const account = { fuel: 1_000 };
  tank.fill(account, 10_000);
  expect(tank.given).toBe(1_000);
  spend(900);
  tank.fill(account, 10_000);
  expect([tank.given, account.fuel]).toEqual([100, 100]);
  spend(500);
  tank.fill(account, 10_000);
  expect([tank.given, tank.exhausted]).toEqual([0, false]);
  expect(tank.admit('call')).toBe(false);
});
