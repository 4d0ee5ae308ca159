import { readFileSync } from 'node:fs';
import { bundledModules } from '@lateen/filters/bundled-modules';
import { headerOf } from '@lateen/host/testing/memory-message';
import { TestHost } from '@lateen/host/testing/test-host';
import { beforeAll, expect, test } from 'vitest';
import { compileGuest } from './open-guest.ts';
import { RawGuest } from './raw-guest.ts';

let bytes: Uint8Array;

beforeAll(async () => {
  bytes = await compileGuest('sharing', 'release');
});

async function open(): Promise<TestHost> {
  return TestHost.open({
    modules: [{ name: 'sharing', bytes, trusted: false }, ...bundledModules('router')],
    filters: [
      { name: 'sharing', module: 'sharing' },
      { name: 'router', module: 'router' },
    ],
    routes: {
      virtualHosts: [
        { domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'main' } }] },
      ],
    },
  });
}

function ask(host: TestHost, wish: string, key: string, shown = 'x-result'): string | undefined {
  const headers = [
    ['x-do', wish],
    ['x-key', key],
  ] as const;
  host.request({ headers });
  const attempt = host.upstream.attempts.at(-1);
  return attempt === undefined ? undefined : headerOf(attempt.request, shown);
}

test('a key that was set for a time is there so long', async () => {
  const host = await open();
  expect(ask(host, 'has', 'k')).toBe('false');
  expect(ask(host, 'set-for', 'k')).toBe('true');
  host.clock.advance(999);
  expect(ask(host, 'has', 'k')).toBe('true');
  expect(ask(host, 'get', 'k')).toBe('timed');
  host.clock.advance(1);
  expect(ask(host, 'has', 'k')).toBe('false');
  expect(ask(host, 'get', 'k')).toBe('null');
});

test('a key is created once and removed once', async () => {
  const host = await open();
  expect([ask(host, 'create', 'k'), ask(host, 'create', 'k')]).toEqual(['true', 'false']);
  expect(host.shared.get('', 'k')).toEqual(Buffer.from('created'));
  expect([ask(host, 'remove', 'k'), ask(host, 'remove', 'k')]).toEqual(['true', 'false']);
  ask(host, 'set', 'k');
  expect(ask(host, 'remove-stale', 'k')).toBe('falsetrue');
});

test('a counter begins again when its time is over', async () => {
  const host = await open();
  expect([ask(host, 'add', 'n'), ask(host, 'add', 'n')]).toEqual(['5', '10']);
  host.clock.advance(1000);
  expect(ask(host, 'add', 'n')).toBe('5');
  ask(host, 'set', 'text');
  expect(ask(host, 'add', 'text')).toBe('refused');
});

test('a test sets what the module reads', async () => {
  const host = await open();
  host.shared.set('', 'k', 'from the test');
  expect(ask(host, 'get', 'k')).toBe('from the test');
});

test('keys are listed by prefix, more than one call gives', async () => {
  const host = await open();
  const names = Array.from({ length: 250 }, (_, i) => `a/${String(i).padStart(3, '0')}`);
  for (const name of names) ask(host, 'set', name);
  ask(host, 'set', 'b/1');
  expect(ask(host, 'list', 'a/')).toBe(names.join(' '));
  expect(ask(host, 'list', 'b/')).toBe('b/1');
  expect(ask(host, 'list', 'c/')).toBe('');
});

test('items of a queue are told one by one, and a test sees what waits', async () => {
  const host = await open();
  expect(ask(host, 'queue', 'item', 'x-queued')).toBe('truetrue');
  expect(host.shared.queue('', 'work')).toMatchObject({ items: 2, bytes: 9 });
  host.clock.advance(0);
  const lines = host.log.lines.filter((line) => line.startsWith('info'));
  expect(lines).toEqual(['info got item', 'info got item!']);
  expect(host.shared.queue('', 'work')).toMatchObject({ items: 0 });
  expect(host.shared.queue('', 'none')).toBeNull();
});

test.each([
  ['a value for a minute', 'vectorSet'],
  ['a count down', 'vectorAdd'],
  ['a question for a key', 'vectorExists'],
  ['a list of keys', 'vectorList'],
  ['a removal', 'vectorDelete'],
])('the argument of a foreign function is written as both sides agreed: %s', (name, call) => {
  const guest = new RawGuest(bytes);
  guest.call(call);
  expect(guest.foreign.at(-1)?.argument.toString('hex')).toBe(vector(name));
});

function vector(name: string): string | undefined {
  const file = new URL('../../abi/vectors/foreign-arguments.json', import.meta.url);
  const entries: { name: string; hex: string }[] = JSON.parse(readFileSync(file, 'utf8'));
  return entries.find((entry) => entry.name === name)?.hex.replaceAll(' ', '');
}
