import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { EMPTY, INTERNAL_FAILURE, OK } from '@lateen/sdk/abi/status';
import { afterEach, expect, test } from 'vitest';
import { waitFor } from '../../../test/kit/wait-for.ts';
import { TextSpace } from '../fixtures/shared.ts';
import type { SharedTask } from '../fixtures/shared-worker.ts';
import { LOCK } from './layout.ts';
import { createProcessMemory, type SharedMemory, ThreadStore } from './shared-store.ts';

const WORKER = new URL('../fixtures/shared-worker.ts', import.meta.url);
const workers: Worker[] = [];

afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.terminate()));
});

interface Shared {
  readonly memory: SharedMemory;
  readonly store: ThreadStore;
  readonly space: TextSpace;
}

/** Memory for the test (thread 0) and so many workers. */
function share(threads: number): Shared {
  const memory = createProcessMemory(threads + 1, 1 << 22);
  const now = () => performance.timeOrigin + performance.now();
  const store = new ThreadStore(memory, { thread: 0, now, defer: setImmediate });
  return { memory, store, space: new TextSpace(store.open('vm')) };
}

async function start(task: SharedTask): Promise<Worker> {
  const execArgv = ['--conditions=lateen-source', '--no-warnings'];
  const worker = new Worker(WORKER, { workerData: task, execArgv });
  workers.push(worker);
  await once(worker, 'message');
  return worker;
}

/** Lets the workers begin at once, and returns what each found. */
async function play(started: readonly Worker[]): Promise<unknown[]> {
  const results = started.map(async (worker) => {
    for (;;) {
      const [message] = await once(worker, 'message');
      if ('result' in message) return message.result;
    }
  });
  for (const worker of started) worker.postMessage('begin');
  return Promise.all(results);
}

test('no update by compare-and-swap is lost, however many threads swap', async () => {
  const { memory, space } = share(4);
  const rounds = 5_000;
  const tasks = [1, 2, 3, 4].map((thread) => start({ memory, thread, work: 'swap', rounds }));
  await play(await Promise.all(tasks));
  expect(space.get('count')?.value).toBe(String(4 * rounds));
});

test('no addition is lost, however many threads add', async () => {
  const { memory, space } = share(4);
  const rounds = 20_000;
  const tasks = [1, 2, 3, 4].map((thread) => start({ memory, thread, work: 'add', rounds }));
  await play(await Promise.all(tasks));
  expect(space.add('count', 0n)).toBe(BigInt(4 * rounds));
});

test('each item of a queue arrives once, those of one producer in their order', async () => {
  const { memory, space } = share(4);
  const rounds = 10_000;
  const id = space.register('queue');
  const producers = await Promise.all(
    [1, 2].map((thread) => start({ memory, thread, work: 'produce', rounds })),
  );
  const consumers = await Promise.all(
    [3, 4].map((thread) => start({ memory, thread, work: 'consume', rounds })),
  );
  const consumed = play(consumers);
  await play(producers);
  space.enqueue(id, 'end');
  const seen = (await consumed) as string[][];
  expect(seen.flat().length).toBe(2 * rounds);
  expect(new Set(seen.flat()).size).toBe(2 * rounds);
  for (const items of seen) {
    for (const producer of ['1', '2']) {
      const own = items.filter((item) => item.startsWith(`${producer} `));
      const numbers = own.map((item) => Number(item.slice(2)));
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    }
  }
});

test('the thread that registered last is told once for each item', async () => {
  const { memory, space } = share(2);
  const own: number[] = [];
  const id = space.register('queue', (told) => own.push(told) > 0);
  const listener = await start({ memory, thread: 1, work: 'listen', rounds: 300 });
  const done = play([listener]);
  const [{ listening }] = await once(listener, 'message');
  expect(listening).toBe(id);
  for (let i = 0; i < 300; i++) space.enqueue(id, `item ${i}`);
  expect(await done).toEqual([300]);
  expect(own).toEqual([]);
});

test('when the thread that is told dies, another that registered is told of the rest', async () => {
  const { memory, space, store } = share(1);
  const told: number[] = [];
  const id = space.register('queue', (queue) => told.push(queue) > 0);
  const listener = await start({ memory, thread: 1, work: 'listen', rounds: 1 });
  listener.postMessage('begin');
  await once(listener, 'message');
  space.enqueue(id, 'die');
  await once(listener, 'exit');
  space.enqueue(id, 'one');
  space.enqueue(id, 'two');
  await store.forgetThread(1);
  await waitFor('the other reader to be told', () => told.length >= 2);
  expect([space.dequeue(id), space.dequeue(id)]).toEqual(['one', 'two']);
});

test('a thread terminated in the middle of a change leaves no lock and half a change', async () => {
  const { memory, space, store } = share(2);
  space.set('k', 'before');
  const id = space.register('queue');
  const free = store.inspect().freeBytes;
  const other = await start({ memory, thread: 2, work: 'add', rounds: 1 });
  const holder = await start({ memory, thread: 1, work: 'hold', rounds: 1 });
  holder.postMessage('begin');
  await once(holder, 'message');
  expect(Atomics.load(new Int32Array(memory.buffer), LOCK)).toBe(2);
  const waited = play([other]);
  await holder.terminate();
  await store.forgetThread(1);
  await waited;
  expect(space.add('count', 0n)).toBe(1n);
  expect(space.get('k')?.value).toBe('before');
  expect(space.dequeue(id)).toBe('k and more');
  expect(space.dequeue(id)).toBe(EMPTY);
  space.remove('count');
  expect(store.inspect()).toMatchObject({ repairs: 1, freeBytes: free });
});

test('nobody waits for ever for a lock, and is served again when it is free', async () => {
  const { memory, store, space } = share(1);
  const words = new Int32Array(memory.buffer);
  Atomics.store(words, LOCK, 2);
  expect(space.set('k', '1')).toBe(INTERNAL_FAILURE);
  expect(space.space.refusal).toContain('another thread holds the lock');
  const late = new TextSpace(store.open('late'));
  await store.forgetThread(1);
  expect(space.set('k', '1')).toBe(OK);
  expect(late.set('k', '1')).toBe(OK);
});

test('threads terminated at any moment leave all data whole', { timeout: 60_000 }, async () => {
  const { memory, space, store } = share(2);
  // Until some were in the middle of a change: one of ten, as a rule.
  for (let round = 0; round < 200 && store.inspect().repairs < 3; round++) {
    const threads = [1, 2].map((thread) => start({ memory, thread, work: 'churn', rounds: 0 }));
    const churning = await Promise.all(threads);
    for (const worker of churning) worker.postMessage('begin');
    const before = Number(space.add('count 0', 0n));
    const enough = before + 50 + ((round * 37) % 100);
    await waitFor('some changes', () => Number(space.add('count 0', 0n)) > enough);
    for (const [index, worker] of churning.entries()) {
      await worker.terminate();
      await store.forgetThread(index + 1);
    }
    checkWhole(space);
  }
  expect(store.inspect().repairs).toBeGreaterThanOrEqual(3);
  for (const key of space.listAll('')) expect(space.remove(key)).toBe(OK);
  const [use] = store.inspect().spaces;
  expect(use).toMatchObject({ keys: 0, bytes: 0 });
  space.space.close();
  expect(store.inspect().freeBytes).toBe(1 << 22);
});

/** Every value is one that somebody set whole, every item one that somebody put in. */
function checkWhole(space: TextSpace): void {
  for (const key of space.listAll('key ')) {
    const value = space.get(key)?.value ?? '';
    expect(value.replaceAll(`${key} `, '')).toBe('');
    expect(value).not.toBe('');
  }
  for (const key of space.listAll('count ')) expect(space.add(key, 0n)).toBeGreaterThan(0n);
  const id = space.resolve('queue');
  for (let item = space.dequeue(id); item !== EMPTY; item = space.dequeue(id)) {
    expect(item).toMatch(/^(item \d+ )\1*$/);
  }
}
