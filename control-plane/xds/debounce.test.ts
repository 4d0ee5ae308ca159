import { SteppedClock } from '@lateen/sdk/base/stepped-clock';
import { expect, test } from 'vitest';
import { createDebounce } from './debounce.ts';

test('a burst runs once, after it has been quiet', () => {
  const clock = new SteppedClock();
  const runs: number[] = [];
  const debounce = createDebounce({
    clock,
    quietMs: 40,
    maxMs: 200,
    run: () => runs.push(clock.now()),
  });
  debounce.call();
  clock.advance(30);
  debounce.call();
  clock.advance(39);
  expect(runs).toEqual([]);
  clock.advance(1);
  expect(runs).toEqual([70]);
});

test('calls that never pause run at the limit', () => {
  const clock = new SteppedClock();
  const runs: number[] = [];
  const debounce = createDebounce({
    clock,
    quietMs: 40,
    maxMs: 200,
    run: () => runs.push(clock.now()),
  });
  for (let at = 0; at < 420; at += 20) {
    debounce.call();
    clock.advance(20);
  }
  expect(runs).toEqual([200, 400]);
});
