import { expect, test } from 'vitest';
import { soakSwaps } from './swap-soak.ts';

/** The soak of test/bench/swap-soak.ts, cut short. */
test('a plugin is swapped 40 times under load without a failed request', async () => {
  const report = await soakSwaps(40);
  expect(report.failures).toEqual([]);
  expect(report.answered).toBeGreaterThan(100);
  expect(report.residentMb.length).toBeGreaterThan(1);
}, 120_000);
