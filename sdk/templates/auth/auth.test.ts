import { headerOf } from '@lateen/host/testing/memory-message';
import { beforeAll, expect, test } from 'vitest';
import { compileFilter, openFilter } from '../../assembly/testing/open-filter.ts';

let bytes: Uint8Array;

beforeAll(async () => {
  bytes = await compileFilter(import.meta.dirname);
});

test('lets a request with a key pass, without the key', async () => {
  const host = await openFilter(bytes, { keys: ['one', 'two'] });
  host.request({ headers: [['x-api-key', 'two']] });
  const [attempt] = host.upstream.attempts;
  expect(headerOf(attempt!.request, 'x-api-key')).toBeUndefined();
});

test.each([
  ['no key', []],
  ['another key', [['x-api-key', 'on']]],
  ['the key in another header', [['authorization', 'one']]],
] as const)('answers 401 to a request with %s', async (_what, headers) => {
  const host = await openFilter(bytes, { keys: ['one'] });
  const { response } = host.request({ headers });
  expect(headerOf(response, ':status')).toBe('401');
  expect(JSON.parse(response.body.toString())).toMatchObject({ error: 'unauthorized' });
  expect(host.upstream.attempts).toEqual([]);
});

test.each([
  [{}, 'keys', 'must name at least one key'],
  [{ keys: ['one'], heder: 'x' }, 'heder', 'is not supported'],
  [{ keys: 'one' }, 'keys', 'is not a list'],
])('refuses %o at %s: %s', async (configuration, field, problem) => {
  const refused = expect(openFilter(bytes, configuration)).rejects;
  await refused.toThrow(`filter ${field} error`);
  await refused.toThrow(problem);
});
