import { expect, test } from 'vitest';
import { compileModuleSource } from '../../test/kit/assembly.ts';
import { measureSwaps } from './swap-bench.ts';

test('each swap is for another module, and every step of it takes its time', async () => {
  const bytes = await compileModuleSource('export function proxy_on_log(id: i32): void {}');
  const times = await measureSwaps(bytes, 12);
  expect(times).toHaveLength(12);
  for (const { compileMs, canaryMs, workerMs } of times) {
    expect(Math.min(compileMs, canaryMs, workerMs)).toBeGreaterThan(0);
  }
});
