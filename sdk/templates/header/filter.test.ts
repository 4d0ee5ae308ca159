import { headerOf } from '@lateen/host/testing/memory-message';
import { FILTER, openFilter } from '@lateen/host/testing/open-filter';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const MODULE = 'header.wasm';

test('adds its header to a request', async () => {
  const host = await openFilter(MODULE);
  host.request({ path: '/some' });
  const [attempt] = host.upstream.attempts;
  expect(attempt && headerOf(attempt.request, 'x-hello')).toBe('world');
});

test('whatever the header was, it says world, and memory stays as it was', async () => {
  const host = await openFilter(MODULE);
  const before = host.plugin(FILTER).memoryBytes;
  fc.assert(
    fc.property(fc.stringMatching(/^[ -~]{0,50}$/), (value) => {
      host.request({ headers: [['x-hello', value.trim()]] });
      const attempt = host.upstream.attempts.pop();
      expect(attempt && headerOf(attempt.request, 'x-hello')).toBe('world');
    }),
  );
  expect(host.plugin(FILTER).memoryBytes).toBe(before);
});
