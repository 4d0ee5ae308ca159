import { expect, test } from 'vitest';
import { runAtOnce, runInSlices, type Steps } from './steps.ts';

function* count(to: number, each: () => void = () => {}): Steps<number> {
  for (let i = 0; i < to; i++) {
    each();
    yield;
  }
  return to;
}

test('steps run to their end at once', () => {
  expect(runAtOnce(count(1000))).toBe(1000);
});

test('between slices others have their turn, and within one nobody', async () => {
  let now = 0;
  const clock = { now: () => now, wallTime: () => now, setTimer: () => ({ cancel: () => {} }) };
  const seen: number[] = [];
  let turns = 0;
  let running = true;
  const take = () => {
    turns++;
    if (running) setImmediate(take);
  };
  setImmediate(take);
  const steps = count(20, () => {
    now += 1;
    seen.push(turns);
  });
  expect(await runInSlices(steps, clock, 5)).toBe(20);
  running = false;
  for (let i = 0; i < 20; i += 5) expect(new Set(seen.slice(i, i + 5)).size).toBe(1);
  expect(seen[19]).toBeGreaterThan(seen[0]!);
});
