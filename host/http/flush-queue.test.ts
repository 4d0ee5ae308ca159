import { expect, test } from 'vitest';
import { FlushQueue } from './flush-queue.ts';

test('output of a turn is flushed once, when the outermost turn ends', () => {
  const queue = new FlushQueue();
  const log: string[] = [];
  queue.inTurn(() => {
    queue.add({ flush: () => log.push('out') });
    queue.inTurn(() => log.push('inner'));
    log.push('work');
  });
  expect(log).toEqual(['inner', 'work', 'out']);
});

test('who goes on with bytes it has does so before anything is written', () => {
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
  expect(log).toEqual(['resume', 'resume again', 'out', 'more out']);
});

test('output outside of any turn leaves on the next tick', async () => {
  const queue = new FlushQueue();
  const log: string[] = [];
  queue.add({ flush: () => log.push('out') });
  queue.add({ flush: () => log.push('out too') });
  expect(log).toEqual([]);
  await new Promise((resolve) => process.nextTick(resolve));
  expect(log).toEqual(['out', 'out too']);
});
