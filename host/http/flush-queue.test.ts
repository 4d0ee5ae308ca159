import { expect, test } from 'vitest';
import { FlushQueue } from './flush-queue.ts';

const roundOver = () => new Promise((resolve) => setImmediate(resolve));

test('output of a round is flushed once, when all its turns are over', async () => {
  const queue = new FlushQueue();
  const log: string[] = [];
  queue.inTurn(() => {
    queue.add({ flush: () => log.push('out') });
    queue.inTurn(() => log.push('inner'));
    log.push('work');
  });
  queue.inTurn(() => {
    queue.add({ flush: () => log.push('more out') });
    log.push('more work');
  });
  expect(log).toEqual(['inner', 'work', 'more work']);
  await roundOver();
  expect(log).toEqual(['inner', 'work', 'more work', 'out', 'more out']);
});

test('who goes on with bytes it has does so in its turn, before anything is written', async () => {
  const queue = new FlushQueue();
  const log: string[] = [];
  queue.inTurn(() => {
    queue.add({ flush: () => log.push('out') });
    queue.addFirst({
      resume: () => {
        log.push('resume');
        queue.addFirst({ resume: () => log.push('resume again') });
        queue.add({ flush: () => log.push('more out') });
      },
    });
  });
  expect(log).toEqual(['resume', 'resume again']);
  await roundOver();
  expect(log).toEqual(['resume', 'resume again', 'out', 'more out']);
});

test('output outside of any turn leaves at the end of the round', async () => {
  const queue = new FlushQueue();
  const log: string[] = [];
  queue.add({ flush: () => log.push('out') });
  queue.add({ flush: () => log.push('out too') });
  expect(log).toEqual([]);
  await roundOver();
  expect(log).toEqual(['out', 'out too']);
});

test('what writing brings about leaves in the same round', async () => {
  const queue = new FlushQueue();
  const log: string[] = [];
  const second = { flush: () => log.push('second') };
  const first = { flush: () => queue.inTurn(() => queue.add(second)) };
  queue.inTurn(() => queue.add(first));
  await roundOver();
  await roundOver();
  expect(log).toEqual(['second']);
});

test('a round of many writes on the way', () => {
  const queue = new FlushQueue();
  let flushed = 0;
  for (let i = 0; i < 32; i++) queue.inTurn(() => queue.add({ flush: () => flushed++ }));
  expect(flushed).toBe(32);
});
