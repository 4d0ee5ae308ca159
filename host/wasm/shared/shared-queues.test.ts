import * as status from '@lateen/sdk/abi/status';
import { SteppedClock } from '@lateen/sdk/base/stepped-clock';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TextSpace } from '../fixtures/shared.ts';
import { DEFAULT_SHARED_DATA_LIMITS, type SharedDataLimits } from '../limits.ts';
import { createLocalStore } from './shared-store.ts';

function openStore(limits: Partial<SharedDataLimits> = {}) {
  const clock = new SteppedClock();
  const options = {
    now: () => clock.now(),
    defer: (callback: () => void) => clock.setTimer(0, callback),
    limits: { ...DEFAULT_SHARED_DATA_LIMITS, ...limits },
  };
  const store = createLocalStore(options, 1 << 20);
  return { clock, store, open: (vmId: string) => new TextSpace(store.open(vmId)) };
}

test('a queue is found by VM id and name, its id is the same for all', () => {
  const { open } = openStore();
  const [a, b] = [open('a'), open('b')];
  expect(a.resolve('q')).toBe(0);
  const id = a.register('q');
  expect(id).toBeGreaterThan(0);
  expect(a.register('q')).toBe(id);
  expect(a.resolve('q')).toBe(id);
  expect(b.resolve('q')).toBe(0);
  expect(b.resolve('q', 'a')).toBe(id);
  expect(b.resolve('q', 'nobody')).toBe(0);
  expect(b.register('q')).not.toBe(id);
});

test('items come out as they went in; an empty queue and one that is not there differ', () => {
  const { open } = openStore();
  const a = open('a');
  const id = a.register('q');
  expect(a.dequeue(id)).toBe(status.EMPTY);
  for (const item of ['one', '', 'three']) expect(a.enqueue(id, item)).toBe(status.OK);
  expect(open('b').dequeue(id)).toBe('one');
  expect([a.dequeue(id), a.dequeue(id), a.dequeue(id)]).toEqual(['', 'three', status.EMPTY]);
  for (const unknown of [0, id + 1, -1, 0x7fffffff]) {
    expect(a.enqueue(unknown, 'x')).toBe(status.NOT_FOUND);
    expect(a.dequeue(unknown)).toBe(status.NOT_FOUND);
  }
});

test('registering again keeps the items and moves the reader', () => {
  const { clock, open } = openStore();
  const told: string[] = [];
  const [a, again] = [open('a'), open('a')];
  const id = a.register('q', () => told.push('first') > 0);
  a.enqueue(id, 'one');
  clock.advance(0);
  again.register('q', () => told.push('second') > 0);
  a.enqueue(id, 'two');
  expect(told).toEqual(['first']);
  clock.advance(0);
  expect(told).toEqual(['first', 'second']);
  expect(again.dequeue(id)).toBe('one');
});

test('a reader is told once for each item, later, however many there are', () => {
  const { clock, open } = openStore();
  const a = open('a');
  let told = 0;
  const id = a.register('q', () => ++told > 0);
  for (let i = 0; i < 1_000; i++) a.enqueue(id, `${i}`);
  expect(told).toBe(0);
  clock.advance(0);
  expect(told).toBe(1_000);
});

test('a reader that fills its own queue is told in turns, never inside itself', () => {
  const { clock, open } = openStore();
  const a = open('a');
  let depth = 0;
  let told = 0;
  const id = a.register('q', () => {
    depth++;
    told++;
    expect(depth).toBe(1);
    if (told < 500) a.enqueue(id, 'again');
    depth--;
    return true;
  });
  a.enqueue(id, 'first');
  clock.advance(0);
  expect(told).toBe(500);
});

test('when a reader is gone the one before it is told, and the next one of the rest', () => {
  const { clock, open } = openStore();
  const told: string[] = [];
  const a = open('a');
  const reader = (name: string, serves = true) => ({
    queueReady: () => told.push(name) > 0 && serves,
  });
  const [one, two] = [reader('one'), reader('two', false)];
  const register = (who: { queueReady: () => boolean }) => {
    a.space.at(Buffer.from('q'), 0, 1);
    return a.space.register(who);
  };
  const id = register(one);
  register(two);
  a.enqueue(id, 'x');
  a.space.forget(two);
  clock.advance(0);
  expect(told).toEqual(['one']);
  a.space.forget(one);
  for (const item of ['y', 'z']) a.enqueue(id, item);
  clock.advance(0);
  expect(told).toEqual(['one']);
  register(reader('three'));
  clock.advance(0);
  expect(told).toEqual(['one', 'three', 'three']);
});

test('what would pass a limit is refused, says which, and changes nothing', () => {
  const limits = { queuesPerVmMax: 2, queueItemsMax: 3, queueBytesMax: 10, queueItemBytesMax: 8 };
  const { store, open } = openStore({ ...limits, keyBytesMax: 4 });
  const a = open('a');
  const id = a.register('q');
  const refused = (item: string) => {
    expect(a.enqueue(id, item)).toBe(status.INTERNAL_FAILURE);
    return a.space.refusal;
  };
  expect(refused('x'.repeat(9))).toContain('8 bytes');
  expect(a.enqueue(id, 'x'.repeat(8))).toBe(status.OK);
  expect(refused('xxx')).toContain('10 bytes');
  expect(a.enqueue(id, 'x')).toBe(status.OK);
  expect(a.enqueue(id, '')).toBe(status.OK);
  expect(refused('')).toContain('3 items');
  expect(a.register('r')).toBeGreaterThan(0);
  expect(a.register('s')).toBe(0);
  expect(a.space.refusal).toContain('2 queues');
  expect(a.register('q')).toBe(id);
  expect(open('b').register('name!')).toBe(0);
  expect(store.inspect().spaces[0].queues[0]).toEqual({ name: 'q', items: 3, bytes: 9 });
  a.dequeue(id);
  expect(a.enqueue(id, 'x'.repeat(8))).toBe(status.OK);
});

test('queues go with the last that has their VM id open, and ids are not used again', () => {
  const { store, open } = openStore();
  const free = store.inspect().freeBytes;
  const [a, b] = [open('a'), open('b')];
  const id = a.register('q');
  a.enqueue(id, 'x'.repeat(1_000));
  a.space.close();
  expect(b.dequeue(id)).toBe(status.NOT_FOUND);
  expect(b.resolve('q', 'a')).toBe(0);
  expect(open('a').register('q')).not.toBe(id);
  expect(free).toBeGreaterThan(store.inspect().freeBytes);
});

test('whatever is done in whatever order, a queue is like a list', () => {
  const vmId = fc.constantFrom('a', 'b');
  const name = fc.constantFrom('q', 'r');
  const size = fc.oneof(fc.integer({ min: 0, max: 80 }), fc.integer({ min: 0, max: 3_000 }));
  const operation = fc.oneof(
    fc.record({ kind: fc.constant('enqueue' as const), vmId, name, size }),
    fc.record({ kind: fc.constant('dequeue' as const), vmId, name }),
    fc.record({ kind: fc.constant('repair' as const), vmId, name }),
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 150 }), (operations) => {
      const { clock, store, open } = openStore({ queueItemsMax: 20, queueBytesMax: 8_000 });
      const free = store.inspect().freeBytes;
      const spaces = new Map(['a', 'b'].map((id) => [id, open(id)]));
      const queues = new Map<string, string[]>();
      let told = 0;
      let added = 0;
      for (const done of operations) {
        const space = spaces.get(done.vmId) as TextSpace;
        const id = space.register(done.name, () => ++told > 0);
        const list = queues.get(`${done.vmId} ${done.name}`) ?? [];
        queues.set(`${done.vmId} ${done.name}`, list);
        if (done.kind === 'repair') store.repair();
        else if (done.kind === 'dequeue') expect(space.dequeue(id)).toBe(list.shift() ?? 7);
        else {
          const item = `${added}`.padEnd(done.size, '.');
          const bytes = list.reduce((sum, known) => sum + known.length, item.length);
          const fits = list.length < 20 && bytes <= 8_000;
          expect(space.enqueue(id, item)).toBe(fits ? status.OK : status.INTERNAL_FAILURE);
          if (fits) added += list.push(item) > 0 ? 1 : 0;
        }
      }
      clock.advance(0);
      expect(told).toBe(added);
      for (const space of spaces.values()) space.space.close();
      expect(store.inspect().freeBytes).toBe(free);
    }),
    { numRuns: 200 },
  );
});
