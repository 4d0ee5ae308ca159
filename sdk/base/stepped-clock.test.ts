import { expect, test } from 'vitest';
import { STEPPED_EPOCH_MS, SteppedClock } from './stepped-clock.ts';

test('timers fire in order of due time, each at its own time', () => {
  const clock = new SteppedClock();
  const fired: string[] = [];
  const note = (name: string) => () => fired.push(`${name}@${clock.now()}`);
  clock.setTimer(30, note('c'));
  clock.setTimer(10, note('a'));
  clock.setTimer(30, note('d'));
  clock.setTimer(20, note('b'));
  clock.advance(29);
  expect(fired).toEqual(['a@10', 'b@20']);
  clock.advance(1);
  expect(fired).toEqual(['a@10', 'b@20', 'c@30', 'd@30']);
  expect(clock.wallTime()).toBe(STEPPED_EPOCH_MS + 30);
});

test('a timer set by a callback fires in the same step when it comes due in it', () => {
  const clock = new SteppedClock();
  const fired: number[] = [];
  clock.setTimer(10, () => clock.setTimer(5, () => fired.push(clock.now())));
  clock.advance(20);
  expect(fired).toEqual([15]);
  expect(clock.now()).toBe(20);
});

test('a cancelled timer does not fire and is not pending', () => {
  const clock = new SteppedClock();
  let fired = false;
  const timer = clock.setTimer(10, () => {
    fired = true;
  });
  expect(clock.nextDueMs).toBe(10);
  timer.cancel();
  timer.cancel();
  clock.advance(100);
  expect(fired).toBe(false);
  expect(clock.pending).toBe(0);
  expect(clock.nextDueMs).toBeUndefined();
});
