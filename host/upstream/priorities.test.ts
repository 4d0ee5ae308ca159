import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type PriorityHealth, shareLoad } from './priorities.ts';

const RULES = { overprovisioningFactor: 140, panicThreshold: 50 };
const NO_PANIC = { ...RULES, panicThreshold: 0 };

/** Priorities of 100 hosts with so many healthy ones. */
function healthy(...percents: readonly number[]): readonly PriorityHealth[] {
  return percents.map((percent) => ({ hosts: 100, healthy: percent, degraded: 0 }));
}

function shares(priorities: readonly PriorityHealth[], rules = RULES): readonly number[] {
  return shareLoad(priorities, rules).map((load) => load.healthyPercent);
}

describe('priorities', () => {
  it.each([
    [[100], [100]],
    [
      [72, 100],
      [100, 0],
    ],
    [
      [71, 71],
      [99, 1],
    ],
    [
      [50, 100],
      [70, 30],
    ],
    [
      [25, 100],
      [35, 65],
    ],
    [
      [0, 100],
      [0, 100],
    ],
    [
      [25, 25],
      [50, 50],
    ],
  ])('with %j percent healthy get %j', (percents, expected) => {
    expect(shares(healthy(...percents), NO_PANIC)).toEqual(expected);
  });

  it.each([
    [
      [100, 100, 100],
      [100, 0, 0],
    ],
    [
      [72, 72, 100],
      [100, 0, 0],
    ],
    [
      [50, 50, 100],
      [70, 30, 0],
    ],
    [
      [25, 100, 100],
      [35, 65, 0],
    ],
    [
      [25, 25, 100],
      [35, 35, 30],
    ],
  ])('in three levels with %j percent healthy get %j', (percents, expected) => {
    expect(shares(healthy(...percents), NO_PANIC)).toEqual(expected);
  });

  it('use degraded hosts only for what healthy ones cannot take', () => {
    const loads = shareLoad(
      [
        { hosts: 100, healthy: 50, degraded: 50 },
        { hosts: 100, healthy: 0, degraded: 100 },
      ],
      RULES,
    );
    expect(loads).toEqual([
      { healthyPercent: 70, degradedPercent: 30, panic: false },
      { healthyPercent: 0, degradedPercent: 0, panic: false },
    ]);
  });

  it('do not panic while all together are healthy enough', () => {
    const loads = shareLoad(healthy(10, 100), RULES);
    expect(loads.map((load) => load.panic)).toEqual([false, false]);
  });

  it('panic one by one when together they are not', () => {
    expect(shareLoad(healthy(60, 0), RULES).map((load) => load.panic)).toEqual([false, true]);
  });

  it('share by number of hosts when all of them panic', () => {
    const loads = shareLoad(
      [
        { hosts: 30, healthy: 0, degraded: 0 },
        { hosts: 10, healthy: 1, degraded: 0 },
      ],
      RULES,
    );
    expect(loads).toEqual([
      { healthyPercent: 75, degradedPercent: 0, panic: true },
      { healthyPercent: 25, degradedPercent: 0, panic: true },
    ]);
  });

  it('never panic where the threshold is 0', () => {
    expect(shareLoad(healthy(0, 0), NO_PANIC)).toEqual([
      { healthyPercent: 100, degradedPercent: 0, panic: false },
      { healthyPercent: 0, degradedPercent: 0, panic: false },
    ]);
  });

  it('always share exactly 100 percent, and give nothing to a level without hosts that can serve', () => {
    const level = fc.tuple(fc.nat(20), fc.nat(20), fc.nat(20)).map(([healthy, degraded, rest]) => ({
      hosts: healthy + degraded + rest,
      healthy,
      degraded,
    }));
    fc.assert(
      fc.property(
        fc.array(level, { minLength: 1, maxLength: 5 }),
        fc.constantFrom(0, 50, 100),
        (levels, panicThreshold) => {
          const loads = shareLoad(levels, { overprovisioningFactor: 140, panicThreshold });
          const total = loads.reduce((sum, l) => sum + l.healthyPercent + l.degradedPercent, 0);
          expect(total).toBe(100);
          const able = levels.some((item) => item.healthy + item.degraded > 0);
          loads.forEach((load, index) => {
            if (!able || load.panic) return;
            if (levels[index].healthy === 0) expect(load.healthyPercent).toBe(0);
            if (levels[index].degraded === 0) expect(load.degradedPercent).toBe(0);
          });
        },
      ),
    );
  });
});
