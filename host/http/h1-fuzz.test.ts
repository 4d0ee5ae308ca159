import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RawClient } from '../../test/kit/raw-client.ts';
import { RecordingOrigin } from '../../test/kit/recording-origin.ts';
import { waitFor } from '../../test/kit/wait-for.ts';
import { TinyProxy } from './fixtures/tiny-proxy.ts';

const SEEDS = [
  'GET /a HTTP/1.1\r\nHost: t\r\nX: y\r\n\r\n',
  'POST /b HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nhello',
  'POST /c HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nT: u\r\n\r\n',
  'GET http://h:80/d HTTP/1.1\r\nHost: t\r\nConnection: close, x\r\n\r\n',
];

const PIECES = ['\r\n', '\n', '\r', '\0', ' ', '\t', ':', ',', '0', '5', 'chunked', 'Host: u\r\n'];
const FRAMING = ['Content-Length: 3\r\n', 'Transfer-Encoding: chunked\r\n', '\r\n\r\n', '\xff'];

const mutation = fc.record({
  at: fc.nat(120),
  cut: fc.nat(3),
  insert: fc.constantFrom('', ...PIECES, ...FRAMING),
});

const requests = fc.array(
  fc.tuple(fc.constantFrom(...SEEDS), fc.array(mutation, { maxLength: 2 })),
  { minLength: 1, maxLength: 3 },
);

function mutate(seed: string, mutations: readonly { at: number; cut: number; insert: string }[]) {
  return mutations.reduce(
    (text, { at, cut, insert }) => text.slice(0, at) + insert + text.slice(at + cut),
    seed,
  );
}

/**
 * Whatever is sent, the origin sees whole and canonical requests, or ones that were cut off when
 * they proved to be none; and it never sees more of them than are answered.
 */
test('mutated requests reach the origin in canonical form or not at all', async () => {
  await using origin = await RecordingOrigin.open({ answer: () => 'ok' });
  await using proxy = await TinyProxy.open(origin.port);
  await fc.assert(
    fc.asyncProperty(requests, async (list) => {
      origin.forget();
      await using client = await RawClient.connect({ port: proxy.port });
      await client.send(list.map(([seed, mutations]) => mutate(seed, mutations)).join(''));
      client.end();
      await client.untilEnd();
      expect(client.faults.filter(({ code }) => code !== 'cut-short')).toEqual([]);
      expect(origin.faults.filter(({ code }) => code !== 'cut-short')).toEqual([]);
      const answers = client.received.toString('latin1').match(/HTTP\/1\.1 200 /g) ?? [];
      expect(origin.requests.length).toBe(answers.length);
      await waitFor('the connection to be gone', () => proxy.connections.size === 0);
    }),
    { numRuns: 400 },
  );
});
