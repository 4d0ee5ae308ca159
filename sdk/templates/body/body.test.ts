import { headerOf } from '@lateen/host/testing/memory-message';
import { beforeAll, expect, test } from 'vitest';
import { compileFilter, openFilter } from '../../assembly/testing/open-filter.ts';

let bytes: Uint8Array;

beforeAll(async () => {
  bytes = await compileFilter(import.meta.dirname);
});

async function post(...body: string[]) {
  const host = await openFilter(bytes, { required: ['name'], bytesMax: 40 });
  const { response } = host.request({ method: 'POST', body });
  return { host, status: headerOf(response, ':status'), answer: response.body.toString() };
}

test('a body that is right goes on, however it is cut', async () => {
  const { host, status } = await post('{"na', 'me":', ' "ann"}');
  expect(status).toBe('200');
  expect(host.upstream.attempts[0]!.request.body.toString()).toBe('{"name": "ann"}');
});

test.each([
  [['{"name": '], '400', 'the body is no JSON: '],
  [['[1]'], '400', 'the body is no JSON object'],
  [['{"n', 'ame2": 1}'], '422', 'name is missing'],
  [['{"name": "', 'x'.repeat(40)], '413', 'the body is too large'],
])('%j is answered by %s: %s', async (body, wanted, message) => {
  const { host, status, answer } = await post(...body);
  expect(status).toBe(wanted);
  expect(JSON.parse(answer).message).toContain(message);
  expect(host.upstream.attempts.filter(({ request }) => request.ended)).toEqual([]);
});

test('a request without a body passes', async () => {
  const host = await openFilter(bytes, { required: ['name'] });
  expect(headerOf(host.request().response, ':status')).toBe('200');
});
