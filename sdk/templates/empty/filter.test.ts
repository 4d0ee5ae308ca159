import { headerOf } from '@lateen/host/testing/memory-message';
import { openFilter } from '@lateen/host/testing/open-filter';
import { expect, test } from 'vitest';

test('lets everything pass', async () => {
  const host = await openFilter('empty.wasm');
  expect(headerOf(host.request().response, ':status')).toBe('200');
});
