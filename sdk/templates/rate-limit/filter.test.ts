import { headerOf } from '@lateen/host/testing/memory-message';
import { openFilter } from '@lateen/host/testing/open-filter';
import { expect, test } from 'vitest';

const MODULE = 'rate-limit.wasm';

test('lets as many pass as the bucket holds, then one for each token that comes back', async () => {
  const configuration = { requestsPerSecond: 2, burst: 2 };
  const host = await openFilter(MODULE, { configuration });
  const status = () => headerOf(host.request().response, ':status');
  expect([status(), status(), status()]).toEqual(['200', '200', '429']);
  host.clock.advance(500);
  expect([status(), status()]).toEqual(['200', '429']);
});

test('refuses a bucket that holds nothing', async () => {
  await expect(openFilter(MODULE, { configuration: { burst: 0 } })).rejects.toThrow('is below 1');
});
