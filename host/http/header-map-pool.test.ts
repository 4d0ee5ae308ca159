import { expect, test } from 'vitest';
import { DEFAULT_HEADER_LIMITS, headerName } from './header-map.ts';
import { HeaderMapPool } from './header-map-pool.ts';

test('a map that comes back is given out again, empty', () => {
  const pool = new HeaderMapPool();
  const map = pool.take(DEFAULT_HEADER_LIMITS);
  map.addName(headerName('x'), 'secret');
  pool.give(map);
  const again = pool.take(DEFAULT_HEADER_LIMITS);
  expect(again).toBe(map);
  expect(again.toPairs()).toEqual([]);
  expect(again.editedNames).toBe(0);
  expect(pool.take(DEFAULT_HEADER_LIMITS)).not.toBe(map);
});

test('a map given back twice is refused: two messages would share it', () => {
  const pool = new HeaderMapPool();
  const map = pool.take(DEFAULT_HEADER_LIMITS);
  pool.give(map);
  expect(() => pool.give(map)).toThrow('given back twice');
});
