import { headerOf } from '@lateen/host/testing/memory-message';
import type { TestHost } from '@lateen/host/testing/test-host';
import { beforeAll, expect, test } from 'vitest';
import { compileFilter, openFilter } from '../../assembly/testing/open-filter.ts';

let bytes: Uint8Array;

beforeAll(async () => {
  bytes = await compileFilter(import.meta.dirname);
});

/** Statuses of so many requests in a row. */
function statuses(host: TestHost, count: number, key = 'ann'): (string | undefined)[] {
  return Array.from({ length: count }, () =>
    headerOf(host.request({ headers: [['x-api-key', key]] }).response, ':status'),
  );
}

test('lets as many pass as the bucket holds, then one for each token that comes back', async () => {
  const host = await openFilter(bytes, { requestsPerSecond: 2, burst: 3 });
  expect(statuses(host, 5)).toEqual(['200', '200', '200', '429', '429']);
  host.clock.advance(500);
  expect(statuses(host, 2)).toEqual(['200', '429']);
  host.clock.advance(60_000);
  expect(statuses(host, 4)).toEqual(['200', '200', '200', '429']);
});

test('has a bucket for each value of a header', async () => {
  const host = await openFilter(bytes, { burst: 1, key: 'header' });
  expect(statuses(host, 2, 'ann')).toEqual(['200', '429']);
  expect(statuses(host, 2, 'bob')).toEqual(['200', '429']);
});

test.each([
  [{ burst: 0 }, 'burst', 'is below 1'],
  [{ burst: 1.5 }, 'burst', 'is not an integer'],
  [{ key: 'adress' }, 'key', 'is not one of address, header, all'],
  [{ bust: 1 }, 'bust', 'is not supported'],
])('refuses %o at %s: %s', async (configuration, field, problem) => {
  const refused = expect(openFilter(bytes, configuration)).rejects;
  await refused.toThrow(`filter ${field} error`);
  await refused.toThrow(problem);
});
