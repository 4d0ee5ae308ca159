import type { Clock } from '@lateen/sdk/base/clock';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TimerWheel, WheelTimer } from './timer-wheel.ts';

/** A clock that stands still until it is told to go on; fires its timers in order. */
function steppedClock(): Clock & { advance(ms: number): void; readonly timers: number } {
  let now = 1000.5;
  let pending: { at: number; callback: () => void }[] = [];
  return {
    now: () => now,
    wallTime: () => now,
    setTimer(delayMs, callback) {
      const entry = { at: now + delayMs, callback };
      pending.push(entry);
      return { cancel: () => void (pending = pending.filter((other) => other !== entry)) };
    },
    advance(ms) {
      const until = now + ms;
      for (;;) {
        const next = pending.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        pending = pending.filter((other) => other !== next);
        now = Math.max(now, next.at);
        next.callback();
      }
      now = until;
    },
    get timers() {
      return pending.length;
    },
  };
}

test('a timer fires once, when it is due and not before', () => {
  const clock = steppedClock();
  const wheel = new TimerWheel(clock);
  const fired: number[] = [];
  const timer = new WheelTimer(() => fired.push(clock.now()));
  const start = clock.now();
  wheel.arm(timer, 250);
  clock.advance(249);
  expect(fired).toEqual([]);
  clock.advance(12);
  expect(fired.length).toBe(1);
  expect(fired[0] - start).toBeGreaterThanOrEqual(250);
  expect(timer.armed).toBe(false);
  clock.advance(100_000);
  expect(fired.length).toBe(1);
  expect(clock.timers).toBe(0);
});

test('arming again replaces, cancelling takes out, and both may happen in a callback', () => {
  const clock = steppedClock();
  const wheel = new TimerWheel(clock);
  const fired: string[] = [];
  const other = new WheelTimer(() => fired.push('other'));
  const again: WheelTimer = new WheelTimer(() => {
    fired.push('again');
    wheel.cancel(other);
    if (fired.length < 3) wheel.arm(again, 0);
  });
  wheel.arm(again, 5);
  wheel.arm(again, 20);
  wheel.arm(other, 20.4);
  wheel.cancel(new WheelTimer(() => {}));
  clock.advance(15);
  expect(fired).toEqual([]);
  clock.advance(1000);
  expect(fired.filter((name) => name === 'again').length).toBeGreaterThanOrEqual(2);
  expect(wheel.armed).toBe(0);
});

test('a timer of an hour waits its hour and wakes the process seldom', () => {
  const clock = steppedClock();
  const wheel = new TimerWheel(clock);
  let fired = 0;
  wheel.arm(new WheelTimer(() => fired++), 3_600_000);
  clock.advance(3_599_999);
  expect(fired).toBe(0);
  clock.advance(20);
  expect(fired).toBe(1);
});

test('whatever is armed and cancelled, each timer fires within 10 ms after it is due', () => {
  const step = fc.record({
    timer: fc.nat(7),
    delayMs: fc.oneof(fc.nat(40), fc.nat(20_000)),
    cancel: fc.boolean(),
    advanceMs: fc.oneof(fc.nat(15), fc.nat(12_000)),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const clock = steppedClock();
      const wheel = new TimerWheel(clock);
      const due = new Map<number, number>();
      const timers = Array.from({ length: 8 }, (_, id) => {
        return new WheelTimer(() => {
          const late = clock.now() - (due.get(id) ?? Number.NaN);
          expect(late).toBeGreaterThanOrEqual(0);
          expect(late).toBeLessThanOrEqual(10.001);
          due.delete(id);
        });
      });
      for (const { timer, delayMs, cancel, advanceMs } of steps) {
        if (cancel) {
          wheel.cancel(timers[timer]);
          due.delete(timer);
        } else {
          wheel.arm(timers[timer], delayMs);
          // A timer of 0 ms may fire at this very instant, where the wheel has not yet turned to it.
          due.set(timer, clock.now() + delayMs);
        }
        clock.advance(advanceMs);
      }
      clock.advance(30_000);
      expect(due.size).toBe(0);
      expect(wheel.armed).toBe(0);
      expect(clock.timers).toBe(0);
    }),
    { examples: [[INSTANT]] },
  );
});

/** The wheel wakes, and before it turns a timer of 0 ms is armed. */
const INSTANT = [
  { timer: 0, delayMs: 0, cancel: false, advanceMs: 5 },
  { timer: 0, delayMs: 0, cancel: false, advanceMs: 9 },
  { timer: 0, delayMs: 7, cancel: false, advanceMs: 6 },
  { timer: 1, delayMs: 0, cancel: false, advanceMs: 0 },
];
