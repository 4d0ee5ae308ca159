import * as action from '@lateen/sdk/abi/action';
import { BodyBuffer } from '../http/body-buffer.ts';

/** The two halves of a stream. Filters are met in order by requests, in reverse by responses. */
export type Half = 'request' | 'response';

/**
 * One filter as a half-road sees it. `on*` call the module and return its action; where the module
 * has no such callback, `sees*` says so and it is not called.
 */
export interface RoadFilter {
  seesHead(half: Half): boolean;
  seesBody(half: Half): boolean;
  seesTrailers(half: Half): boolean;
  onHead(half: Half, end: boolean): number;
  onBody(half: Half, body: BodyBuffer, end: boolean): number;
  onTrailers(half: Half): number;
  /** True once if the module asked, during the callback that just returned, to go on. */
  takeContinue(half: Half): boolean;
}

/** What a half-road is made of. */
export interface RoadPlan {
  readonly half: Half;
  /** In the order of the chain. */
  readonly filters: readonly RoadFilter[];
  /** Only the first so many filters of the chain take part. */
  readonly count: number;
  readonly bufferBytesMax: number;
}

/** Where a half-road ends, and who feeds it. */
export interface RoadEnds {
  /** True when a local reply, a reset or the end of the stream makes the rest pointless. */
  readonly stopped: boolean;
  headPassed(end: boolean): void;
  dataPassed(chunk: Uint8Array, end: boolean): void;
  trailersPassed(): void;
  /** Stop or go on reading from whoever feeds this half. */
  holdSource(on: boolean): void;
  /** A filter buffers more than the limit. */
  bufferOverflow(): void;
}

/**
 * One half of a stream (request or response) on its way through the filters: headers, body and
 * trailers, each filter in turn, as far as they let it. It is one synchronous loop that is
 * re-entered by data and by `resume`; there are no promises on the road.
 *
 * A paused head holds everything (Envoy's StopAllIterationAndWatermark): what arrives waits in
 * front of the first filter and the source is paused above the watermark. A paused body is kept in
 * the filter's own buffer and each further chunk is shown to it with all that is held.
 */
export class Road {
  readonly #plan: RoadPlan;
  readonly #ends: RoadEnds;
  readonly #anyBody: boolean;
  #state: 'idle' | 'head' | 'blocked' | 'open' = 'idle';
  /** The filter that holds the head, when blocked; those up to it have seen the head. */
  #at = -1;
  #end = false;
  #queue: BodyBuffer | null = null;
  #queueEnd = false;
  #held: (Held | undefined)[] | null = null;
  #trailers: 'none' | 'queued' | 'walking' | 'passed' = 'none';
  /** The filter that the trailers wait at, and whether it has seen them. */
  #trailersAt = 0;
  #trailersSeen = false;
  #sourceHeld = false;

  constructor(plan: RoadPlan, ends: RoadEnds) {
    this.#plan = plan;
    this.#ends = ends;
    this.#anyBody = anyBody(plan);
  }

  /** How many filters, from the first on, have seen the head. */
  get reached(): number {
    return this.#at + 1;
  }

  get headPassed(): boolean {
    return this.#state === 'open';
  }

  head(end: boolean): void {
    this.#end = end;
    this.#state = 'head';
    this.#walkHead(0);
  }

  data(chunk: Uint8Array, end: boolean): void {
    if (this.#ends.stopped) return;
    if (this.#state !== 'open') {
      this.#queue ??= new BodyBuffer();
      this.#queue.append(chunk);
      this.#queueEnd = end;
      if (this.#queue.length >= this.#plan.bufferBytesMax) this.#holdSource(true);
      return;
    }
    if (!this.#anyBody) {
      this.#ends.dataPassed(chunk, end);
      return;
    }
    const body = new BodyBuffer();
    body.append(chunk);
    this.#walkBody(0, body, end);
  }

  trailers(): void {
    if (this.#ends.stopped) return;
    this.#trailers = 'queued';
    if (this.#state === 'open') this.#walkTrailers(0);
  }

  /** The filter at place `place` of the chain lets go of what it holds, if it holds anything. */
  resume(place: number): void {
    if (this.#ends.stopped || place >= this.#plan.count) return;
    const index = this.#plan.half === 'request' ? place : this.#plan.count - 1 - place;
    if (this.#state === 'blocked' && this.#at === index) {
      this.#state = 'head';
      this.#walkHead(index + 1);
      return;
    }
    const held = this.#held?.[index];
    if (held?.paused === true) {
      held.paused = false;
      const end = held.end;
      const body = held.body;
      held.body = new BodyBuffer();
      this.#walkBody(index + 1, body, end);
      this.#holdSource(false);
      if (this.#ends.stopped) return;
    }
    if (this.#trailers === 'walking' && this.#trailersAt === index) {
      this.#walkTrailers(this.#trailersSeen ? index + 1 : index);
    }
  }

  #walkHead(from: number): void {
    const { half } = this.#plan;
    for (let index = from; index < this.#plan.count; index++) {
      const filter = this.#filter(index);
      this.#at = index;
      if (!filter.seesHead(half)) continue;
      const verdict = filter.onHead(half, this.#end);
      if (this.#ends.stopped) return;
      const goesOn = filter.takeContinue(half);
      if (verdict === action.HEADERS_CONTINUE_AND_END_STREAM) this.#end = true;
      else if (verdict !== action.CONTINUE && !goesOn) {
        this.#state = 'blocked';
        return;
      }
    }
    this.#state = 'open';
    this.#ends.headPassed(this.#end);
    if (!this.#end && !this.#ends.stopped) this.#drainQueue();
  }

  #drainQueue(): void {
    const queue = this.#queue;
    this.#queue = null;
    if (queue !== null && (queue.length > 0 || this.#queueEnd)) {
      this.#walkBody(0, queue, this.#queueEnd);
      if (this.#ends.stopped) return;
    }
    this.#holdSource(false);
    if (this.#trailers === 'queued') this.#walkTrailers(0);
  }

  #walkBody(from: number, arrived: BodyBuffer, end: boolean): void {
    const { half } = this.#plan;
    let body = arrived;
    for (let index = from; index < this.#plan.count; index++) {
      const filter = this.#filter(index);
      if (!filter.seesBody(half)) continue;
      const held = this.#held?.[index];
      if (held !== undefined && held.body.length > 0) {
        for (const chunk of body.take()) held.body.append(chunk);
        body = held.body;
        held.body = new BodyBuffer();
      }
      const verdict = filter.onBody(half, body, end);
      if (this.#ends.stopped) return;
      const goesOn = filter.takeContinue(half);
      if (held !== undefined) held.paused = false;
      if (verdict === action.CONTINUE || goesOn) continue;
      this.#hold(index, verdict, body, end);
      return;
    }
    this.#deliver(body, end);
  }

  #hold(index: number, verdict: number, body: BodyBuffer, end: boolean): void {
    if (verdict === action.BODY_STOP_NO_BUFFER) body.take();
    this.#held ??= [];
    const held = (this.#held[index] ??= { paused: false, body, end });
    held.paused = true;
    held.body = body;
    held.end = end;
    if (body.length <= this.#plan.bufferBytesMax) return;
    if (verdict === action.BODY_STOP_AND_WATERMARK) this.#holdSource(true);
    else this.#ends.bufferOverflow();
  }

  #deliver(body: BodyBuffer, end: boolean): void {
    const chunks = body.take();
    if (chunks.length === 0) {
      if (end) this.#ends.dataPassed(NOTHING, true);
      return;
    }
    for (let i = 0; i < chunks.length && !this.#ends.stopped; i++) {
      this.#ends.dataPassed(chunks[i], end && i === chunks.length - 1);
    }
  }

  #walkTrailers(from: number): void {
    const { half } = this.#plan;
    this.#trailers = 'walking';
    for (let index = from; index < this.#plan.count; index++) {
      const filter = this.#filter(index);
      const held = this.#held?.[index];
      this.#trailersAt = index;
      this.#trailersSeen = filter.seesTrailers(half);
      if (this.#trailersSeen) {
        const verdict = filter.onTrailers(half);
        if (this.#ends.stopped) return;
        if (!filter.takeContinue(half) && verdict !== action.CONTINUE) return;
      } else if (held?.paused === true) {
        return;
      }
      if (held?.paused === true) {
        held.paused = false;
        const body = held.body;
        held.body = new BodyBuffer();
        this.#walkBody(index + 1, body, false);
        if (this.#ends.stopped) return;
      }
    }
    this.#trailers = 'passed';
    this.#ends.trailersPassed();
  }

  #filter(index: number): RoadFilter {
    const { half, filters, count } = this.#plan;
    return filters[half === 'request' ? index : count - 1 - index];
  }

  #holdSource(on: boolean): void {
    if (this.#sourceHeld === on) return;
    this.#sourceHeld = on;
    this.#ends.holdSource(on);
  }
}

interface Held {
  paused: boolean;
  body: BodyBuffer;
  end: boolean;
}

function anyBody(plan: RoadPlan): boolean {
  for (let i = 0; i < plan.count; i++) {
    const filter = plan.filters[i];
    if (filter.seesBody(plan.half) || filter.seesTrailers(plan.half)) return true;
  }
  return false;
}

const NOTHING = new Uint8Array(0);
