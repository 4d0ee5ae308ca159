import * as status from '@lateen/sdk/abi/status';
import { SteppedClock } from '@lateen/sdk/base/stepped-clock';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TextSpace } from '../fixtures/shared.ts';
import { DEFAULT_SHARED_DATA_LIMITS, type SharedDataLimits } from '../limits.ts';
import { createLocalStore, type ThreadStore } from './shared-store.ts';

interface Opened {
  readonly clock: SteppedClock;
  readonly store: ThreadStore;
  readonly open: (vmId: string) => TextSpace;
}

function openStore(limits: Partial<SharedDataLimits> = {}, arenaBytes = 1 << 20): Opened {
  const clock = new SteppedClock();
  const store = createLocalStore(
    {
      now: () => clock.now(),
      defer: (callback) => clock.setTimer(0, callback),
      limits: { ...DEFAULT_SHARED_DATA_LIMITS, ...limits },
    },
    arenaBytes,
  );
  return { clock, store, open: (vmId) => new TextSpace(store.open(vmId)) };
}

test('data belongs to a VM id and a key', () => {
  const { open } = openStore();
  const [a, b] = [open('a'), open('b')];
  expect(a.set('k', '1')).toBe(status.OK);
  expect(a.get('k')?.value).toBe('1');
  expect(open('a').get('k')?.value).toBe('1');
  expect(b.get('k')).toBeNull();
  expect(a.get('l')).toBeNull();
  expect(a.get('')).toBeNull();
});

test('a swap takes place only on the value that was read', () => {
  const a = openStore().open('a');
  a.set('k', '1');
  const first = a.get('k')?.cas ?? 0;
  expect(first).not.toBe(0);
  expect(a.set('k', '2', first)).toBe(status.OK);
  expect(a.set('k', '3', first)).toBe(status.CAS_MISMATCH);
  expect(a.get('k')?.value).toBe('2');
  expect(a.set('missing', 'x', 99)).toBe(status.OK);
  const before = a.get('k')?.cas ?? 0;
  a.remove('k');
  a.set('k', '2');
  expect(a.set('k', '4', before)).toBe(status.CAS_MISMATCH);
});

test('a key can be set only where nothing stands', () => {
  const a = openStore().open('a');
  expect(a.set('lock', 'me', 0xffffffff)).toBe(status.OK);
  expect(a.set('lock', 'you', 0xffffffff)).toBe(status.CAS_MISMATCH);
  expect(a.get('lock')?.value).toBe('me');
});

test('what would pass a limit is refused, says which, and changes nothing', () => {
  const limits = { keysPerVmMax: 2, keyBytesMax: 3, valueBytesMax: 8, bytesPerVmMax: 11 };
  const { open } = openStore(limits);
  const [a, b] = [open('a'), open('b')];
  const refused = (key: string, value: string) => {
    expect(a.set(key, value)).toBe(status.INTERNAL_FAILURE);
    return a.space.refusal;
  };
  expect(a.set('k', '123456')).toBe(status.OK);
  expect(refused('l', '1234')).toContain('11 bytes');
  expect(a.set('l', '12')).toBe(status.OK);
  expect(refused('m', '')).toContain('2 keys');
  expect(refused('long', '')).toContain('3 bytes');
  expect(refused('k', '123456789')).toContain('8 bytes');
  expect(a.set('k', '1234567')).toBe(status.OK);
  expect(refused('k', '12345678')).toContain('11 bytes');
  expect(a.get('k')?.value).toBe('1234567');
  expect(b.set('k', '12345678')).toBe(status.OK);
  expect(b.space.refusal).toBe('');
});

test('a full arena refuses more, and has room again when something was deleted', () => {
  const a = openStore({ bytesPerVmMax: 1 << 30 }, 1 << 16).open('a');
  const value = 'x'.repeat(4000);
  let count = 0;
  while (a.set(`k${count}`, value) === status.OK) count++;
  expect(count).toBeGreaterThan(12);
  expect(a.space.refusal).toContain('shared memory of the process');
  expect(a.get('k0')?.value).toBe(value);
  expect(a.remove('k3')).toBe(status.OK);
  expect(a.set('again', value)).toBe(status.OK);
});

test('a key that has expired is not there, and its room can be had', () => {
  const { clock, open } = openStore({ keysPerVmMax: 3 });
  const a = open('a');
  a.set('short', '1', 0, 100);
  a.set('long', '2', 0, 1_000);
  a.set('ever', '3');
  clock.advance(99);
  expect(a.has('short')).toBe(true);
  expect(a.set('new', '4')).toBe(status.INTERNAL_FAILURE);
  clock.advance(1);
  expect(a.has('short')).toBe(false);
  expect(a.get('short')).toBeNull();
  expect(a.listAll('')).toEqual(['ever', 'long']);
  expect(a.set('new', '4')).toBe(status.OK);
  clock.advance(10_000);
  expect(a.set('newer', '5')).toBe(status.OK);
  expect(a.listAll('')).toEqual(['ever', 'new', 'newer']);
});

test('setting a key again makes it last, unless it is to expire again', () => {
  const { clock, open } = openStore();
  const a = open('a');
  a.set('k', '1', 0, 100);
  a.set('k', '2');
  clock.advance(200);
  expect(a.get('k')?.value).toBe('2');
  a.set('k', '3', 0, 100);
  clock.advance(100);
  expect(a.get('k')).toBeNull();
});

test('a counter counts in 64 bits, and its time runs from its first count', () => {
  const { clock, open } = openStore();
  const a = open('a');
  expect(a.add('n', 5n, 1_000)).toBe(5n);
  clock.advance(600);
  expect(a.add('n', -7n, 1_000)).toBe(-2n);
  clock.advance(400);
  expect(a.add('n', 1n)).toBe(1n);
  expect(a.add('n', 2n ** 63n - 2n)).toBe(2n ** 63n - 1n);
  expect(a.add('n', 1n)).toBe(status.BAD_ARGUMENT);
  expect(a.get('n')?.value).toBe('\xff\xff\xff\xff\xff\xff\xff\x7f');
  a.set('text', 'abc');
  expect(a.add('text', 1n)).toBe(status.BAD_ARGUMENT);
});

test('data goes with the last that has its VM id open', () => {
  const { store, open } = openStore();
  const [one, two] = [open('a'), open('a')];
  one.set('k', '1');
  one.space.close();
  one.space.close();
  expect(two.get('k')?.value).toBe('1');
  two.space.close();
  expect(open('a').get('k')).toBeNull();
  store.hold(new Set(['b']));
  const b = open('b');
  b.set('k', '1');
  b.space.close();
  expect(open('b').get('k')?.value).toBe('1');
  store.hold(new Set());
});

test('VM ids without end are refused, not served from somebody else', () => {
  const { open } = openStore();
  const spaces = Array.from({ length: 1024 }, (_, i) => open(`vm ${i}`));
  expect(spaces[1023].set('k', '1')).toBe(status.OK);
  const late = open('one more');
  expect(late.set('k', '1')).toBe(status.INTERNAL_FAILURE);
  expect(late.space.refusal).toContain('another VM id');
  expect(late.get('k')).toBeNull();
  expect(late.register('q')).toBe(0);
  late.space.close();
  spaces[5].space.close();
  expect(open('one more').set('k', '1')).toBe(status.OK);
});

test('a million values of all sizes leave the memory as it was', () => {
  const { store, open } = openStore({}, 1 << 21);
  const a = open('a');
  a.set('stays', 'x');
  const before = store.inspect().freeBytes;
  const source = Buffer.alloc(64 * 1024);
  let size = 1;
  for (let i = 0; i < 1_000_000; i++) {
    size = (size * 48_271) % 2_147_483_647;
    source.writeUInt32LE(i % 64, 0);
    a.space.at(source, 0, 4);
    const bytes = i % 100 === 0 ? size % 20_000 : size % 600;
    if (i % 3 === 2) a.space.remove(0);
    else if (a.space.set(4, 4 + bytes, 0, 0) !== status.OK) throw new Error(a.space.refusal);
  }
  for (const key of a.listAll('')) if (key !== 'stays') a.remove(key);
  expect(store.inspect().freeBytes).toBe(before);
  expect(a.get('stays')?.value).toBe('x');
});

interface Model {
  value: string;
  expires: number;
}

test('whatever is done in whatever order, a store is like a map whose entries expire', () => {
  const key = fc.integer({ min: 0, max: 12 }).map((i) => `${i % 2 === 0 ? 'even' : 'odd'} ${i}`);
  const vmId = fc.constantFrom('a', 'b');
  const operation = fc.oneof(
    fc.record({
      kind: fc.constant('set' as const),
      vmId,
      key,
      size: fc.oneof(fc.integer({ min: 0, max: 90 }), fc.integer({ min: 0, max: 9_000 })),
      ttlMs: fc.constantFrom(0, 0, 30, 500),
    }),
    fc.record({ kind: fc.constant('remove' as const), vmId, key }),
    fc.record({ kind: fc.constant('get' as const), vmId, key }),
    fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 200 }) }),
    fc.record({ kind: fc.constant('list' as const), vmId, prefix: fc.constantFrom('', 'odd') }),
    fc.record({ kind: fc.constant('repair' as const) }),
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 120 }), (operations) => {
      const { clock, store, open } = openStore({}, 1 << 18);
      const free = store.inspect().freeBytes;
      const spaces = new Map(['a', 'b'].map((id) => [id, open(id)]));
      const models = new Map(['a', 'b'].map((id) => [id, new Map<string, Model>()]));
      let filler = 0;
      for (const done of operations) {
        if (done.kind === 'wait') clock.advance(done.ms);
        if (done.kind === 'repair') store.repair();
        if (done.kind === 'wait' || done.kind === 'repair') continue;
        const space = spaces.get(done.vmId) as TextSpace;
        const model = models.get(done.vmId) as Map<string, Model>;
        for (const [name, { expires }] of model) if (expires <= clock.now()) model.delete(name);
        if (done.kind === 'set') {
          const value = String.fromCharCode(97 + (filler++ % 26)).repeat(done.size);
          if (space.set(done.key, value, 0, done.ttlMs) !== status.OK) continue;
          const expires = done.ttlMs === 0 ? Number.POSITIVE_INFINITY : clock.now() + done.ttlMs;
          model.set(done.key, { value, expires });
        } else if (done.kind === 'remove') {
          const there = model.delete(done.key);
          expect(space.remove(done.key)).toBe(there ? status.OK : status.NOT_FOUND);
        } else if (done.kind === 'get') {
          expect(space.get(done.key)?.value).toBe(model.get(done.key)?.value);
        } else {
          const keys = [...model.keys()].filter((name) => name.startsWith(done.prefix)).sort();
          expect(space.listAll(done.prefix, 3)).toEqual(keys);
        }
      }
      for (const space of spaces.values()) space.space.close();
      expect(store.inspect().freeBytes).toBe(free);
    }),
    { numRuns: 300 },
  );
});
