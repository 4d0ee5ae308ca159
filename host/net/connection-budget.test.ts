import { describe, expect, it } from 'vitest';
import { ConnectionBudget, connectionsMaxFor, descriptorLimit } from './connection-budget.ts';

describe('a connection budget', () => {
  it('gives so many and no more, and again what was given back', () => {
    const budget = new ConnectionBudget(2);
    expect([budget.take(), budget.take(), budget.take()]).toEqual([true, true, false]);
    budget.give();
    expect(budget.used).toBe(1);
    expect([budget.take(), budget.take()]).toEqual([true, false]);
  });

  it('leaves descriptors for upstreams and a reserve, however many workers share them', () => {
    for (const workers of [1, 2, 8]) {
      const inUse = connectionsMaxFor(workers, 10_000) * workers * 2;
      expect(inUse).toBeLessThanOrEqual(9000);
      expect(inUse).toBeGreaterThan(8900);
    }
    expect(connectionsMaxFor(4, 64)).toBe(7);
  });

  it('knows how many files the process may open', () => {
    expect(descriptorLimit()).toBeGreaterThanOrEqual(256);
  });
});
