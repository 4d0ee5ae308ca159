import { SteppedClock } from '@lateen/sdk/base/stepped-clock';
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
  const live = new LiveService(first, new SteppedClock());
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
  const live = new LiveService(first, new SteppedClock());
  live.replace(new Lease('2'));
  expect(first.released).toBe(1);
});

/** A stream on each of `count` versions that follow one another at once. */
function streamsOnVersions(live: LiveService, count: number) {
  const streams = Array.from({ length: count }, stream);
  for (const [index, each] of streams.entries()) {
    live.version.enter(each);
    live.replace(new Lease(String(index + 1)));
  }
  return streams;
}

test('of more than four live versions the oldest are cut short once they had time to end', () => {
  const clock = new SteppedClock();
  const live = new LiveService(new Lease('0'), clock);
  const streams = streamsOnVersions(live, 3);
  clock.advance(5_000);
  streams.push(...streamsOnVersions(live, 3));
  const cut = () => streams.map(({ wasReset }) => wasReset);
  clock.advance(9_999);
  expect(cut()).toEqual([false, false, false, false, false, false]);
  clock.advance(1);
  expect(cut()).toEqual([true, true, true, false, false, false]);
  clock.advance(100_000);
  expect(cut()).toEqual([true, true, true, false, false, false]);
});

test('changes that come too fast for that cut the oldest at once', () => {
  const live = new LiveService(new Lease('0'), new SteppedClock());
  const streams = streamsOnVersions(live, 70);
  const cut = streams.filter(({ wasReset }) => wasReset);
  expect(cut).toEqual(streams.slice(0, 7));
});

test('closing gives everything back once the streams are gone', () => {
  const first = new Lease('1');
  const live = new LiveService(first, new SteppedClock());
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
  const live = new LiveService(first, new SteppedClock());
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
