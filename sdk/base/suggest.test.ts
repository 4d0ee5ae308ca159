import fc from 'fast-check';
import { expect, it } from 'vitest';
import { editDistance, suggest } from './suggest.ts';

it('finds the word that was meant', () => {
  expect(suggest('weigth', ['weight', 'headers'])).toBe('weight');
  expect(suggest('match_labels', ['matchLabels'])).toBe('matchLabels');
  expect(suggest('VirtualServce', ['Service', 'VirtualService'])).toBe('VirtualService');
});

it('stays silent where nothing is near', () => {
  expect(suggest('retries', ['hosts', 'gateways'])).toBeUndefined();
  expect(suggest('x', [])).toBeUndefined();
  expect(suggest('a'.repeat(100_000), ['aa'])).toBeUndefined();
});

it('measures a distance: none to itself, the same both ways, at most the longer word', () => {
  const word = fc.string({ maxLength: 12 });
  fc.assert(
    fc.property(word, word, (a, b) => {
      expect(editDistance(a, a)).toBe(0);
      expect(editDistance(a, b)).toBe(editDistance(b, a));
      expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
    }),
  );
});

it('counts swapped neighbours once', () => {
  expect(editDistance('ab', 'ba')).toBe(1);
});
