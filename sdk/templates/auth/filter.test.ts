import { headerOf } from '@lateen/host/testing/memory-message';
import { openFilter } from '@lateen/host/testing/open-filter';
import { expect, test } from 'vitest';

const MODULE = 'auth.wasm';
const configuration = { keys: ['one', 'two'] };

test('lets a request with a key pass, without the key', async () => {
  const host = await openFilter(MODULE, { configuration });
  host.request({ headers: [['x-api-key', 'two']] });
  const [attempt] = host.upstream.attempts;
  expect(attempt && headerOf(attempt.request, 'x-api-key')).toBeUndefined();
});

test('answers 401 to a request without one', async () => {
  const host = await openFilter(MODULE, { configuration });
  expect(headerOf(host.request().response, ':status')).toBe('401');
  expect(host.upstream.attempts).toEqual([]);
});

test('refuses a configuration without keys', async () => {
  await expect(openFilter(MODULE)).rejects.toThrow('must name at least one key');
});
