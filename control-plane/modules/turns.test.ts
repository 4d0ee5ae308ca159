import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Turns } from './turns.ts';

test('no more than so many run at once, all of them run, and in the order they came', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.tuple(fc.nat({ max: 4 }), fc.boolean()), { maxLength: 20 }),
      async (most, tasks) => {
        const turns = new Turns(most);
        const started: number[] = [];
        let [running, peak] = [0, 0];
        const runs = tasks.map(([steps, fails], index) =>
          turns.run(async () => {
            started.push(index);
            running += 1;
            peak = Math.max(peak, running);
            for (let step = 0; step < steps; step += 1) await Promise.resolve();
            running -= 1;
            if (fails) throw new Error('as it was asked to');
          }),
        );
        const outcomes = await Promise.allSettled(runs);
        expect(started).toEqual(tasks.map((_, index) => index));
        expect(outcomes.map(({ status }) => status === 'rejected')).toEqual(
          tasks.map(([, fails]) => fails),
        );
        expect(peak).toBeLessThanOrEqual(most);
        expect(turns.idle).toBe(true);
      },
    ),
  );
});
