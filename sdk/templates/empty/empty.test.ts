import { headerOf } from '@lateen/host/testing/memory-message';
import { beforeAll, expect, test } from 'vitest';
import { compileFilter, openFilter } from '../../assembly/testing/open-filter.ts';

let bytes: Uint8Array;

beforeAll(async () => {
  bytes = await compileFilter(import.meta.dirname);
});

test('lets everything pass', async () => {
  const host = await openFilter(bytes);
  const { response } = host.request();
  expect(headerOf(response, ':status')).toBe('200');
  expect(host.upstream.attempts).toHaveLength(1);
});
