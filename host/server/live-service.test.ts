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
  const state = { wasReset: false, reset: () => {} };
  state.reset = () => {
    state.wasReset = true;
  };
  return state;
};

test('a version is given back when its last stream has ended, not before', () => {
  const [first, second] = [new Lease('1'), new Lease('2')];
  const live = new LiveService(first);
  const leave = live.enter(stream());
  live.replace(second);
  expect(live.current).toBe(second.service);
  expect(first.released).toBe(0);
  leave();
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
    live.enter(each);
    live.replace(new Lease(String(index + 1)));
  }
  expect(streams.map((each) => each.wasReset)).toEqual([true, false, false, false]);
});

test('closing gives everything back once the streams are gone', () => {
  const first = new Lease('1');
  const live = new LiveService(first);
  const leave = live.enter(stream());
  live.close();
  expect(first.released).toBe(0);
  leave();
  expect(first.released).toBe(1);
});
