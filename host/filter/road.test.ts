import * as action from '@lateen/sdk/abi/action';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { BodyBuffer } from '../http/body-buffer.ts';
import { type Half, Road, type RoadEnds, type RoadFilter } from './road.ts';

/** A filter whose verdicts are listed; it goes on by itself when `resume` is called by the test. */
class ScriptedFilter implements RoadFilter {
  readonly seen: string[] = [];
  continueNow = false;
  readonly #verdicts: number[];
  onBodyHook: (body: BodyBuffer) => void = () => {};

  readonly #body: boolean;
  readonly #trailers: boolean;

  constructor(verdicts: number[], body = true, trailers = body) {
    this.#verdicts = verdicts;
    this.#body = body;
    this.#trailers = trailers;
  }

  seesHead(): boolean {
    return true;
  }

  seesBody(): boolean {
    return this.#body;
  }

  seesTrailers(): boolean {
    return this.#trailers;
  }

  onHead(_half: Half, end: boolean): number {
    return this.#note(`head${end ? '.' : ''}`);
  }

  onBody(_half: Half, body: BodyBuffer, end: boolean): number {
    this.onBodyHook(body);
    return this.#note(`body ${text(body)}${end ? '.' : ''}`);
  }

  onTrailers(): number {
    return this.#note('trailers');
  }

  takeContinue(): boolean {
    const value = this.continueNow;
    this.continueNow = false;
    return value;
  }

  #note(what: string): number {
    this.seen.push(what);
    return this.#verdicts.shift() ?? action.CONTINUE;
  }
}

function text(body: BodyBuffer): string {
  const bytes = Buffer.alloc(body.length);
  body.copyTo(bytes, 0, 0, body.length);
  return bytes.toString('latin1');
}

class Ends implements RoadEnds {
  stopped = false;
  sourceHeld = false;
  overflowed = false;
  readonly out: string[] = [];
  headPassed(end: boolean): void {
    this.out.push(`head${end ? '.' : ''}`);
  }
  dataPassed(chunk: Uint8Array, end: boolean): void {
    this.out.push(`data ${Buffer.from(chunk).toString('latin1')}${end ? '.' : ''}`);
  }
  trailersPassed(): void {
    this.out.push('trailers');
  }
  holdSource(on: boolean): void {
    this.sourceHeld = on;
  }
  bufferOverflow(): void {
    this.overflowed = true;
  }
}

function requestRoad(filters: RoadFilter[], ends: RoadEnds, bufferBytesMax: number): Road {
  return new Road({ half: 'request', filters, count: filters.length, bufferBytesMax }, ends);
}

const bytes = (value: string) => Buffer.from(value, 'latin1');

test('without filters everything passes as it came', () => {
  const ends = new Ends();
  const road = requestRoad([], ends, 100);
  road.head(false);
  road.data(bytes('ab'), false);
  road.data(bytes('cd'), true);
  expect(ends.out).toEqual(['head', 'data ab', 'data cd.']);
});

test('a held head holds the body in front of the first filter until it is resumed', () => {
  const ends = new Ends();
  const first = new ScriptedFilter([]);
  const second = new ScriptedFilter([action.PAUSE]);
  const road = requestRoad([first, second], ends, 4);
  road.head(false);
  road.data(bytes('abcd'), true);
  expect(ends.out).toEqual([]);
  expect(ends.sourceHeld).toBe(true);
  expect(first.seen).toEqual(['head']);
  road.resume(1);
  expect(ends.out).toEqual(['head', 'data abcd.']);
  expect(second.seen).toEqual(['head', 'body abcd.']);
  expect(ends.sourceHeld).toBe(false);
});

test('a filter that says continue before it returns pause does not hold', () => {
  const ends = new Ends();
  const filter = new ScriptedFilter([action.PAUSE]);
  filter.continueNow = true;
  requestRoad([filter], ends, 10).head(true);
  expect(ends.out).toEqual(['head.']);
});

test('a filter that buffers sees all it holds with each chunk', () => {
  const ends = new Ends();
  const filter = new ScriptedFilter([action.CONTINUE, action.PAUSE, action.PAUSE]);
  const road = requestRoad([filter], ends, 100);
  road.head(false);
  road.data(bytes('ab'), false);
  road.data(bytes('cd'), false);
  road.data(bytes('ef'), true);
  expect(filter.seen).toEqual(['head', 'body ab', 'body abcd', 'body abcdef.']);
  expect(ends.out).toEqual(['head', 'data ab', 'data cd', 'data ef.']);
});

test('a filter may replace what it holds', () => {
  const ends = new Ends();
  const filter = new ScriptedFilter([]);
  filter.onBodyHook = (body) => body.splice(0, body.length, bytes('new'));
  const road = requestRoad([filter], ends, 100);
  road.head(false);
  road.data(bytes('old'), true);
  expect(ends.out).toEqual(['head', 'data new.']);
});

test('a buffering filter that holds more than the limit is an overflow', () => {
  const ends = new Ends();
  const road = requestRoad([new ScriptedFilter([action.CONTINUE, action.PAUSE])], ends, 3);
  road.head(false);
  road.data(bytes('abcd'), false);
  expect(ends.overflowed).toBe(true);
});

test('a filter that stops with a watermark holds the source instead', () => {
  const ends = new Ends();
  const filter = new ScriptedFilter([action.CONTINUE, action.BODY_STOP_AND_WATERMARK]);
  const road = requestRoad([filter], ends, 3);
  road.head(false);
  road.data(bytes('abcd'), false);
  expect(ends.overflowed).toBe(false);
  expect(ends.sourceHeld).toBe(true);
  road.resume(0);
  expect(ends.sourceHeld).toBe(false);
  expect(ends.out).toEqual(['head', 'data abcd']);
});

test('trailers release a body that the filter held', () => {
  const ends = new Ends();
  const filter = new ScriptedFilter([action.CONTINUE, action.PAUSE, action.CONTINUE]);
  const road = requestRoad([filter], ends, 100);
  road.head(false);
  road.data(bytes('ab'), false);
  road.trailers();
  expect(ends.out).toEqual(['head', 'data ab', 'trailers']);
});

test('trailers wait behind a body that a filter without trailers callback holds', () => {
  const ends = new Ends();
  const filter = new ScriptedFilter([action.CONTINUE, action.PAUSE], true, false);
  const road = requestRoad([filter], ends, 100);
  road.head(false);
  road.data(bytes('ab'), false);
  road.trailers();
  expect(ends.out).toEqual(['head']);
  road.resume(0);
  expect(ends.out).toEqual(['head', 'data ab', 'trailers']);
});

test('whatever filters pause and whenever they resume, every byte arrives once and in order', () => {
  const verdict = fc.constantFrom(action.CONTINUE, action.PAUSE);
  const filters = fc.array(fc.array(verdict, { maxLength: 6 }), { maxLength: 4 });
  const chunks = fc.array(
    fc.string({ minLength: 1, maxLength: 3, unit: fc.constantFrom('a', 'b', 'c') }),
    {
      maxLength: 6,
    },
  );
  fc.assert(
    fc.property(
      filters,
      chunks,
      fc.array(fc.nat(3), { maxLength: 12 }),
      (scripts, parts, resumes) => {
        const ends = new Ends();
        const slots = scripts.map((script) => new ScriptedFilter([...script]));
        const road = requestRoad(slots, ends, 1000);
        road.head(parts.length === 0);
        parts.forEach((part, i) => {
          road.data(bytes(part), i === parts.length - 1);
          const next = resumes.shift();
          if (next !== undefined && next < slots.length) road.resume(next);
        });
        for (let round = 0; round < 20; round++) {
          for (const i of slots.keys()) road.resume(i);
        }
        const body = ends.out
          .slice(1)
          .map((line) => line.slice('data '.length))
          .join('');
        expect(body).toBe(parts.length === 0 ? '' : `${parts.join('')}.`);
        expect(ends.out[0]).toBe(parts.length === 0 ? 'head.' : 'head');
      },
    ),
  );
});

test('a response meets the filters in reverse, and only those that the request had reached', () => {
  const order: string[] = [];
  const named = (name: string) => {
    const filter = new ScriptedFilter([]);
    filter.onHead = () => {
      order.push(name);
      return action.CONTINUE;
    };
    return filter;
  };
  const filters = [named('a'), named('b'), named('c')];
  const plan = { half: 'response', filters, count: 2, bufferBytesMax: 10 } as const;
  new Road(plan, new Ends()).head(true);
  expect(order).toEqual(['b', 'a']);
});
