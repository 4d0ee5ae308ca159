import { headerOf } from '@lateen/host/testing/memory-message';
import { openFilter } from '@lateen/host/testing/open-filter';
import { expect, test } from 'vitest';

const MODULE = 'body.wasm';

test.each([
  [['{"na', 'me": "ann"}'], '200'],
  [['{"name": '], '400'],
  [['{"other": 1}'], '422'],
])('%j is answered by %s', async (body, wanted) => {
  const host = await openFilter(MODULE, { configuration: { required: ['name'] } });
  const { response } = host.request({ method: 'POST', body });
  expect(headerOf(response, ':status')).toBe(wanted);
});
