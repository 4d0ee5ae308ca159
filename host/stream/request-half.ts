import { Road, type RoadEnds } from '../filter/road.ts';
import type { MessageWriter } from '../http/codec.ts';
import { HeaderMap, headerName } from '../http/header-map.ts';
import { Exchange } from './exchange.ts';
import { failure } from './failures.ts';
import type { HttpStream } from './stream.ts';

const EXPECT = headerName('expect');
const CONTINUE_100 = HeaderMap.fromPairs([[':status', '100']]);

/** Reasons for not reading the request; reading goes on when none is left. */
const HOLD_ROAD = 1;
const HOLD_UPSTREAM = 2;

/** The request's half: from the downstream codec through the filters to the exchange. */
export class RequestHalf implements RoadEnds {
  readonly #stream: HttpStream;
  readonly #writer: MessageWriter;
  #road: Road | null = null;
  #exchange: Exchange | null = null;
  #holds = 0;
  #ended = false;
  stopped = false;

  constructor(stream: HttpStream, writer: MessageWriter) {
    this.#stream = stream;
    this.#writer = writer;
  }

  get exchange(): Exchange | null {
    return this.#exchange;
  }

  /** How many filters have seen the request. */
  get reached(): number {
    return this.#road?.reached ?? 0;
  }

  get ended(): boolean {
    return this.#ended;
  }

  head(end: boolean): void {
    this.#ended = end;
    const { filters, service } = this.#stream;
    this.#road = new Road(
      {
        half: 'request',
        filters: filters.slots,
        count: service.chain.roadLength,
        bufferBytesMax: service.bufferBytesMax,
      },
      this,
    );
    this.#road.head(end);
  }

  data(chunk: Uint8Array, end: boolean): void {
    if (end) this.#ended = true;
    if (!this.stopped) this.#road?.data(chunk, end);
  }

  trailers(): void {
    this.#ended = true;
    if (!this.stopped) this.#road?.trailers();
  }

  resume(place: number): void {
    this.#road?.resume(place);
  }

  /** Nothing of the request is wanted any more. */
  stop(): void {
    this.stopped = true;
    this.#exchange?.cancel();
    this.#hold(HOLD_ROAD | HOLD_UPSTREAM, false);
  }

  holdSource(on: boolean): void {
    this.#hold(HOLD_ROAD, on);
  }

  holdByUpstream(on: boolean): void {
    this.#hold(HOLD_UPSTREAM, on);
  }

  bufferOverflow(): void {
    this.#stream.fail(failure('request-too-large'));
  }

  headPassed(end: boolean): void {
    const stream = this.#stream;
    const { selected } = stream.filters;
    if (selected === null) {
      stream.fail(failure('no-route'));
      return;
    }
    const cluster = stream.services.clusters.get(selected.clusterName);
    if (cluster === undefined) {
      stream.fail({ ...failure('no-cluster'), status: selected.route.clusterNotFoundStatus });
      return;
    }
    stream.info.clusterName = selected.clusterName;
    stream.info.cluster = cluster;
    this.#answerExpect(end);
    this.#exchange = new Exchange(stream, cluster);
    this.#exchange.begin(end);
  }

  dataPassed(chunk: Uint8Array, end: boolean): void {
    this.#exchange?.data(chunk, end);
  }

  trailersPassed(): void {
    this.#exchange?.trailers();
  }

  /** The client waits for our word before it sends the body (RFC 9110 10.1.1). */
  #answerExpect(end: boolean): void {
    const removed = this.#stream.requestHead.removeName(EXPECT);
    if (removed && !end) this.#writer.writeInformational(CONTINUE_100);
  }

  #hold(bits: number, on: boolean): void {
    const before = this.#holds;
    this.#holds = on ? before | bits : before & ~bits;
    if ((before === 0) === (this.#holds === 0)) return;
    if (this.#holds === 0) this.#writer.resumeReading();
    else this.#writer.pauseReading();
  }
}
