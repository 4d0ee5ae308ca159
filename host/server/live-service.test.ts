import { expect, test } from 'vitest';
import type { ServiceLease } from '../stream/build-service.ts';
import type { HttpService } from '../stream/service.ts';
import { LiveService } from './live-service.ts';

class Lease implements ServiceLease {
  readonly service: HttpService;
  released = 0;

  constructor(name: string) {
    this.service = { listener: { name } } as HttpService;
  }

  release(): void {
    this.released++;
  }
}

const stream = () => {
  const state = { wasReset: false, reset: () => {}, place: -1 };
  state.reset = () => {
    state.wasReset = true;
  };
  return state;
};

test('a version is given back when its last stream has ended, not before', () => {
  const [first, second] = [new Lease('1'), new Lease('2')];
  const live = new LiveService(first);
  const { version } = live;
  const pinned = stream();
  version.enter(pinned);
  live.replace(second);
  expect(live.current).toBe(second.service);
  expect(first.released).toBe(0);
  version.leave(pinned);
  expect(first.released).toBe(1);
  expect(second.released).toBe(0);
});

test('a version that nobody uses is given back at once', () => {
  const first = new Lease('1');
  const live = new LiveService(first);
  live.replace(new Lease('2'));
  expect(first.released).toBe(1);
});

test('of more than four live versions the oldest is cut short', () => {
  const live = new LiveService(new Lease('0'));
  const streams = [stream(), stream(), stream(), stream()];
  for (const [index, each] of streams.entries()) {
    live.version.enter(each);
    live.replace(new Lease(String(index + 1)));
  }
  expect(streams.map((each) => each.wasReset)).toEqual([true, false, false, false]);
});

test('closing gives everything back once the streams are gone', () => {
  const first = new Lease('1');
  const live = new LiveService(first);
  const { version } = live;
  const pinned = stream();
  version.enter(pinned);
  live.close();
  expect(first.released).toBe(0);
  version.leave(pinned);
  expect(first.released).toBe(1);
});

test('streams leave in any order, and only those that stay are cut short', () => {
  const first = new Lease('1');
  const live = new LiveService(first);
  const { version } = live;
  const streams = Array.from({ length: 5 }, stream);
  for (const each of streams) version.enter(each);
  for (const index of [1, 4, 0]) version.leave(streams[index]!);
  version.cutShort();
  expect(streams.map((each) => each.wasReset)).toEqual([false, false, true, true, false]);
  live.close();
  for (const index of [3, 2]) version.leave(streams[index]!);
  expect(first.released).toBe(1);
});
