import { createHash } from 'node:crypto';
import { headerOf } from '@lateen/host/testing/memory-message';
import { beforeAll, expect, test } from 'vitest';
import { compileFilter, openFilter } from '../../assembly/testing/open-filter.ts';

let bytes: Uint8Array;

beforeAll(async () => {
  bytes = await compileFilter(import.meta.dirname);
});

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const users = [
  { name: 'ann', sha256: sha256('s3:cret') },
  { name: 'bob', sha256: sha256('other') },
];
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

test('a known user passes, without credentials', async () => {
  const host = await openFilter(bytes, { users });
  host.request({ headers: [['authorization', basic('ann:s3:cret')]] });
  const [attempt] = host.upstream.attempts;
  expect(headerOf(attempt!.request, 'x-user')).toBe('ann');
  expect(headerOf(attempt!.request, 'authorization')).toBeUndefined();
});

test.each([
  '',
  'Basic',
  'Basic !',
  'Bearer abc',
  basic('ann'),
  basic('ann:other'),
  basic('eve:s3:cret'),
])('%j is asked for credentials', async (authorization) => {
  const host = await openFilter(bytes, { users, realm: 'shop' });
  const headers = [
    ['authorization', authorization],
    ['x-user', 'ann'],
  ] as const;
  const { response } = host.request({ headers });
  expect(headerOf(response, ':status')).toBe('401');
  expect(headerOf(response, 'www-authenticate')).toBe('Basic realm="shop"');
  expect(host.upstream.attempts).toEqual([]);
});

test.each([
  [{}, 'users', 'is required'],
  [{ users: [{ name: 'ann' }] }, 'users[0].sha256', 'is required'],
  [{ users: [{ name: 'ann', sha256: 'short' }] }, 'users[0].sha256', 'is shorter than 64'],
])('%o is refused at %s: %s', async (configuration, field, problem) => {
  const refused = expect(openFilter(bytes, configuration)).rejects;
  await refused.toThrow(`filter ${field} error`);
  await refused.toThrow(problem);
});
