import { Road, type RoadEnds } from '../filter/road.ts';
import type { MessageWriter } from '../http/codec.ts';
import type { HeaderMap } from '../http/header-map.ts';
import { failure } from './failures.ts';
import { finishResponseHead } from './response-head.ts';
import type { HttpStream } from './stream.ts';

/** The response's half: from an upstream or a local reply through the filters to the client. */
export class ResponseHalf implements RoadEnds {
  readonly #stream: HttpStream;
  readonly #writer: MessageWriter;
  #road: Road | null = null;
  /** How far the answer is: shown to filters, or its head is on the wire. */
  state: 'none' | 'filtering' | 'sent' = 'none';
  stopped = false;

  constructor(stream: HttpStream, writer: MessageWriter) {
    this.#stream = stream;
    this.#writer = writer;
  }

  /** Starts the answer; the first `count` modules of the chain see it, last one first. */
  head(end: boolean, count: number): void {
    const { filters, service } = this.#stream;
    this.state = 'filtering';
    this.#road = new Road(
      { half: 'response', filters: filters.slots, count, bufferBytesMax: service.bufferBytesMax },
      this,
    );
    this.#road.head(end);
  }

  data(chunk: Uint8Array, end: boolean): void {
    if (!this.stopped) this.#road?.data(chunk, end);
  }

  trailers(): void {
    if (!this.stopped) this.#road?.trailers();
  }

  resume(place: number): void {
    this.#road?.resume(place);
  }

  /** Sends an answer past the filters: they were seeing another one when it was decided on. */
  replaceBy(head: HeaderMap, body: Uint8Array): void {
    this.stopped = true;
    this.headPassed(body.length === 0, head);
    if (body.length > 0) this.dataPassed(body, true);
  }

  stop(): void {
    this.stopped = true;
  }

  headPassed(end: boolean, head: HeaderMap | null = this.#stream.response): void {
    if (head === null) return;
    const stream = this.#stream;
    finishResponseHead(stream, head);
    this.state = 'sent';
    const drained = this.#writer.writeHead(head, end);
    if (end) stream.answered();
    else if (!drained) stream.request$.exchange?.pauseReading(true);
  }

  dataPassed(chunk: Uint8Array, end: boolean): void {
    const stream = this.#stream;
    stream.info.responseBodyBytes += chunk.length;
    const drained = this.#writer.writeData(chunk, end);
    if (end) stream.answered();
    else if (!drained) stream.request$.exchange?.pauseReading(true);
  }

  trailersPassed(): void {
    const { responseTrailers } = this.#stream;
    if (responseTrailers !== null) this.#writer.writeTrailers(responseTrailers);
    this.#stream.answered();
  }

  holdSource(on: boolean): void {
    this.#stream.request$.exchange?.pauseReading(on);
  }

  bufferOverflow(): void {
    this.#stream.fail(failure('response-too-large'));
  }
}
