import { headerOf } from '@lateen/host/testing/memory-message';
import { beforeAll, expect, test } from 'vitest';
import { compileFilter, openFilter } from '../../assembly/testing/open-filter.ts';

let bytes: Uint8Array;

beforeAll(async () => {
  bytes = await compileFilter(import.meta.dirname);
});

/** Versions of users 0 to 399 at this share. */
async function versions(percent: number): Promise<(string | undefined)[]> {
  const host = await openFilter(bytes, { percent });
  for (let i = 0; i < 400; i++) host.request({ headers: [['cookie', `a=1; user=u${i}`]] });
  return host.upstream.attempts.map(({ request }) => headerOf(request, 'x-version'));
}

test('a user gets the same version again, and keeps the new one when the share grows', async () => {
  const some = await versions(20);
  expect(await versions(20)).toEqual(some);
  const count = some.filter((version) => version === 'next').length;
  expect(count).toBeGreaterThan(50);
  expect(count).toBeLessThan(110);
  const more = await versions(50);
  for (const [index, version] of some.entries()) {
    if (version === 'next') expect(more[index]).toBe('next');
  }
});

test('nobody and everybody are shares too, and clients cannot choose', async () => {
  expect(new Set(await versions(0))).toEqual(new Set(['stable']));
  expect(new Set(await versions(100))).toEqual(new Set(['next']));
  const host = await openFilter(bytes);
  host.request({ headers: [['x-version', 'next']] });
  expect(headerOf(host.upstream.attempts[0]!.request, 'x-version')).toBe('stable');
});
