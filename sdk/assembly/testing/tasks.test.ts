import { headerOf } from '@lateen/host/testing/memory-message';
import type { TestHost } from '@lateen/host/testing/test-host';
import { beforeAll, describe, expect, test } from 'vitest';
import { openFilter } from './open-filter.ts';
import { compileGuest } from './open-guest.ts';

let bytes: Uint8Array;

beforeAll(async () => {
  bytes = await compileGuest('tasks', 'release');
});

/** Clusters called, and what the request showed of the outcome; clusters of `bad` answer 500. */
async function play(wish: string, bad: readonly string[] = []) {
  const host = await openFilter(
    bytes,
    {},
    {
      answer: ({ cluster }) => ({ status: bad.includes(cluster) ? 500 : 200 }),
      knows: (cluster) => cluster !== 'unknown',
    },
  );
  host.request({ headers: [['x-do', wish]] });
  await answers();
  const clusters = host.upstream.attempts.map(({ cluster }) => cluster);
  return { called: clusters.slice(0, -1).join(' '), result: shown(host, 'x-result') };
}

/** An answer reaches the module when its callback has returned, as do those that follow from it. */
async function answers(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

function shown(host: TestHost, name: string): string | undefined {
  const main = host.upstream.attempts.find(({ cluster }) => cluster === 'main');
  return main === undefined ? undefined : headerOf(main.request, name);
}

describe('tasks', () => {
  test.each([
    ['sequence', [], 'one two', 'true'],
    ['sequence', ['one'], 'one', 'false'],
    ['all', [], 'one two', 'true'],
    ['all', ['one'], 'one two', 'false'],
    ['fallback', [], 'one', 'true'],
    ['fallback', ['one'], 'one two', 'true'],
    ['fallback', ['one', 'two'], 'one two', 'false'],
    ['nested', ['three'], 'one two three four', 'true'],
    ['nothing', [], '', 'true'],
    ['none', [], '', 'true'],
  ])('%s, where %j fail: calls %j, result %s', async (wish, bad, called, result) => {
    expect(await play(wish, bad)).toEqual({ called, result });
  });

  test('go on when a call has taken too long', async () => {
    const host = await openFilter(
      bytes,
      {},
      {
        answer: ({ cluster }) => (cluster === 'one' ? 'silent' : { status: 200 }),
      },
    );
    host.request({ headers: [['x-do', 'fallback']] });
    expect(host.upstream.attempts).toHaveLength(1);
    host.clock.advance(5000);
    await answers();
    expect(shown(host, 'x-result')).toBe('true');
  });

  test('fail where the host has no such cluster', async () => {
    const host = await openFilter(
      bytes,
      {},
      {
        answer: () => ({ status: 200 }),
        knows: (cluster) => cluster === 'main',
      },
    );
    host.request({ headers: [['x-do', 'sequence']] });
    await answers();
    expect(shown(host, 'x-result')).toBe('false');
  });
});

test('typed properties are what the host has, or null, 0 and false', async () => {
  const host = await openFilter(bytes);
  host.request({ path: '/a?b=1', headers: [['x-do', 'attributes']] });
  const names = ['tls', 'mtls', 'port', 'line', 'late', 'node', 'plugin', 'sampled'];
  expect(names.map((name) => shown(host, `x-${name}`))).toEqual([
    'null',
    'false',
    '40000',
    'GET /a',
    '0',
    'null',
    'filter',
    'truefalse',
  ]);
});

test('patterns match whole texts, and one that is not valid matches nothing', async () => {
  const host = await openFilter(bytes);
  host.request({ headers: [['x-do', 'patterns']] });
  const names = ['match', 'part', 'bad', 'replaced', 'kept'];
  expect(names.map((name) => shown(host, `x-${name}`))).toEqual([
    'true',
    'false',
    'false',
    '/users/:id',
    'same',
  ]);
});

test('replies send elsewhere, with cookies, or ask for credentials', async () => {
  const host = await openFilter(bytes);
  const away = host.request({ headers: [['x-do', 'redirect']] }).response;
  expect(headerOf(away, ':status')).toBe('302');
  expect(headerOf(away, 'location')).toBe('/there');
  const cookies = away.headers.filter(([name]) => name === 'set-cookie').map(([, value]) => value);
  expect(cookies).toEqual(['a=1', 'b=2']);
  const asked = host.request({ headers: [['x-do', 'challenge']] }).response;
  expect(headerOf(asked, 'www-authenticate')).toBe('Basic realm="x"');
});
