import { headerOf } from '@lateen/host/testing/memory-message';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { compileFilter, openFilter } from '../../assembly/testing/open-filter.ts';

let bytes: Uint8Array;

beforeAll(async () => {
  bytes = await compileFilter(import.meta.dirname);
});

async function serve(body: string, headers: Record<string, string>) {
  const host = await openFilter(bytes, {}, { answer: () => ({ status: 200, headers, body }) });
  return host.request().response;
}

test('links in texts are made secure', async () => {
  const body = '<a href="http://a/">http:/ http:// hhttp://b';
  const response = await serve(body, { 'content-type': 'text/html', 'content-length': '44' });
  expect(response.body.toString()).toBe(body.replaceAll('http://', 'https://'));
  expect(headerOf(response, 'content-length')).not.toBe('44');
});

test.each([
  [{ 'content-type': 'application/json' }],
  [{ 'content-type': 'text/html', 'content-encoding': 'gzip' }],
])('a response with %o passes as it is', async (headers) => {
  expect((await serve('http://a', headers)).body.toString()).toBe('http://a');
});

test('wherever the text is cut, the result is the same', async () => {
  const pieces = fc.array(fc.constantFrom('http://', 'http:', '//', 'h', 'ttp', 'https://', ' '));
  await fc.assert(
    fc.asyncProperty(pieces, async (chunks) => {
      const host = await openFilter(bytes, {}, { answer: () => 'silent' });
      const { response, attempt } = { ...host.request(), attempt: host.upstream.attempts[0]! };
      const headers = { 'content-type': 'text/plain' };
      attempt.answer({ status: 200, headers, body: chunks });
      expect(response.body.toString()).toBe(chunks.join('').replaceAll('http://', 'https://'));
    }),
    { numRuns: 30 },
  );
});
