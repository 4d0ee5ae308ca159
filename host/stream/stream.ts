import type { Clock } from '@lateen/sdk/base/clock';
import type { Half } from '../filter/road.ts';
import type { ConnectionInfo, MessageReceiver, MessageWriter, ResetReason } from '../http/codec.ts';
import { errorFlag, httpError } from '../http/errors.ts';
import { statusOf } from '../http/head-writer.ts';
import type { HeaderMap } from '../http/header-map.ts';
import { headerName } from '../http/header-map.ts';
import type { Rejection } from '../http/rejection.ts';
import { responseFlag } from '../http/response-flags.ts';
import type { Host, UpstreamConnection } from '../upstream/seam.ts';
import type { LocalReply } from '../wasm/effects.ts';
import type { AttemptWish, ExchangeOwner, UpstreamFailure } from './exchange.ts';
import { type Failure, failure, replyHead, replyOf, upstreamFailure } from './failures.ts';
import { type FilterVerdicts, StreamFilters } from './filters.ts';
import { RequestHalf } from './request-half.ts';
import { prepareRequest } from './request-head.ts';
import { ResponseHalf } from './response-half.ts';
import type { HttpService, StreamServices } from './service.ts';
import { StreamInfo } from './stream-info.ts';
import { StreamTimers } from './timers.ts';

const STATUS = headerName(':status');
const METHOD = headerName(':method');
const AUTHORITY = headerName(':authority');
const CONTENT_TYPE = headerName('content-type');

/** What the downstream side gives a stream. */
export interface Downstream {
  readonly writer: MessageWriter;
  readonly connection: ConnectionInfo;
  /** Called once, when the stream has ended and was logged. */
  onEnd(): void;
}

/**
 * The main road of a request. It hears the downstream codec and the exchange with the upstream,
 * leads the two halves through the filters, and sees to it that a stream ends exactly once: with
 * one response or with a reset, and logged.
 */
export class HttpStream implements MessageReceiver, ExchangeOwner, FilterVerdicts {
  readonly service: HttpService;
  readonly services: StreamServices;
  readonly info: StreamInfo;
  readonly filters: StreamFilters;
  readonly request$: RequestHalf;
  readonly response$: ResponseHalf;
  readonly #downstream: Downstream;
  readonly #timers: StreamTimers;
  request: HeaderMap | null = null;
  response: HeaderMap | null = null;
  requestTrailers: HeaderMap | null = null;
  responseTrailers: HeaderMap | null = null;
  #ended = false;
  #repliedLocally = false;
  #random = -1;

  constructor(service: HttpService, services: StreamServices, downstream: Downstream) {
    this.service = service;
    this.services = services;
    this.#downstream = downstream;
    const { clock } = services;
    this.info = new StreamInfo(downstream.connection, clock.now(), clock.wallTime());
    this.filters = new StreamFilters(this);
    this.request$ = new RequestHalf(this, downstream.writer);
    this.response$ = new ResponseHalf(this, downstream.writer);
    this.#timers = new StreamTimers(this);
    services.stats.started(service.hcm.statPrefix);
  }

  // The downstream codec speaks.

  onHead(head: HeaderMap, end: boolean): void {
    this.request = head;
    if (end) this.info.requestEndAt = this.info.startedAt;
    this.info.requestHeadBytes = head.bytes;
    this.#timers.start(end);
    const refusal = prepareRequest(this, head);
    if (refusal !== null) {
      this.fail(refusal);
      return;
    }
    if (!this.filters.open()) {
      this.fail(failure('filter-failed'));
      return;
    }
    this.filters.refreshRoute();
    if (this.request$.stopped) return;
    this.#timers.routeSelected(this.filters.selected);
    this.request$.head(end);
  }

  /** The codec has answered by itself: the log alone hears of it, in place of all that follows. */
  refused({ head, code, status, details }: Rejection): void {
    const entry = httpError(code);
    const { info } = this;
    this.#ended = true;
    this.request = head;
    info.requestHeadBytes = head.bytes;
    info.flags |= errorFlag(entry);
    info.details = details;
    info.status = status;
    info.responseBodyBytes = entry.body.length;
    info.responseEndAt = this.clock.now();
    this.filters.close();
    // The head stays the codec's own.
    this.request = null;
  }

  onInformational(): void {
    // A client sends no 1xx; the codec refuses it.
  }

  onData(chunk: Buffer, end: boolean): void {
    this.info.requestBodyBytes += chunk.length;
    if (end) this.#requestEnded();
    else this.#timers.active();
    this.request$.data(chunk, end);
  }

  onTrailers(trailers: HeaderMap): void {
    this.requestTrailers = trailers;
    this.#requestEnded();
    this.request$.trailers();
  }

  onReset(reason: ResetReason, detail: string): void {
    if (this.#ended) return;
    const broken = reason === 'protocol-error' || reason === 'limit';
    this.info.flags |= responseFlag(broken ? 'DPE' : 'DC');
    this.info.details = broken ? 'http1.codec_error' : 'downstream_remote_disconnect';
    this.info.terminationDetails = detail;
    this.#end();
  }

  onWritable(): void {
    this.request$.exchange?.pauseReading(false);
  }

  // The exchange speaks.

  get clock(): Clock {
    return this.services.clock;
  }

  get requestHead(): HeaderMap {
    return this.request as HeaderMap;
  }

  get replayBytesMax(): number {
    return this.service.bufferBytesMax;
  }

  attemptOutcome(attempt: number, outcome: number): AttemptWish | null {
    this.info.attempts = attempt;
    return this.filters.attemptOutcome(attempt, outcome);
  }

  showResponse(head: HeaderMap | null): void {
    this.response = head;
  }

  upstreamReady(host: Host, connection: UpstreamConnection): void {
    this.info.host = host;
    this.info.upstreamConnection = connection;
    if (this.filters.rewritesHost && host.hostname !== '') {
      this.request?.setName(AUTHORITY, host.hostname);
    }
    if (this.request$.ended) this.info.upstreamSentAt = this.clock.now();
  }

  upstreamInformational(head: HeaderMap): void {
    if (this.response$.state !== 'none' || head.get(STATUS) === '101') return;
    if (head.get(STATUS) !== '100') this.#downstream.writer.writeInformational(head);
  }

  upstreamHead(head: HeaderMap, end: boolean): void {
    this.info.upstreamFirstByteAt = this.clock.now();
    this.info.details = 'via_upstream';
    this.#timers.active();
    this.response = head;
    this.info.status = statusOf(head);
    this.response$.head(end, this.service.chain.roadLength);
  }

  upstreamData(chunk: Buffer, end: boolean): void {
    this.#timers.active();
    this.response$.data(chunk, end);
  }

  upstreamTrailers(trailers: HeaderMap): void {
    this.responseTrailers = trailers;
    this.response$.trailers();
  }

  upstreamFailed(kind: UpstreamFailure, detail: string): void {
    this.info.upstreamFailureReason = detail;
    const entry = upstreamFailure(kind, detail);
    if (this.response$.state === 'none') {
      this.fail(entry);
      return;
    }
    const late = kind === 'protocol-error' ? 'upstream-protocol-error-late' : 'upstream-reset-late';
    this.info.flags |= entry.flags;
    this.info.details = failure(late).details;
    this.#resetAs('remote-reset');
  }

  holdRequest(on: boolean): void {
    this.request$.holdByUpstream(on);
  }

  // Modules decide.

  get answerable(): boolean {
    return !this.#ended && !this.#repliedLocally && this.response$.state !== 'sent';
  }

  /** The stream's random value: an integer below 2^53, drawn once. */
  get randomValue(): number {
    if (this.#random < 0) {
      this.#random = Math.floor(this.services.random() * Number.MAX_SAFE_INTEGER);
    }
    return this.#random;
  }

  resume(half: Half, place: number): void {
    if (this.#ended) return;
    if (half === 'request') this.request$.resume(place);
    else this.response$.resume(place);
  }

  /** The host itself answers for an outcome; a started answer can only be reset. */
  fail(outcome: Failure): void {
    if (this.#ended) return;
    this.info.flags |= outcome.flags;
    if (this.answerable) this.replyLocally(replyOf(outcome));
    else this.#resetAs('local-reset');
  }

  replyLocally(reply: LocalReply): void {
    if (!this.answerable) return;
    this.#repliedLocally = true;
    this.info.details = reply.details;
    const wasFiltering = this.response$.state === 'filtering';
    const { reached } = this.request$;
    this.request$.stop();
    const grpc = this.request?.get(CONTENT_TYPE)?.startsWith('application/grpc') ?? false;
    const head = replyHead(reply, grpc);
    this.response = head;
    this.info.status = Number(head.get(STATUS));
    const body = grpc || this.request?.get(METHOD) === 'HEAD' ? NOTHING : reply.body;
    if (wasFiltering) {
      this.response$.replaceBy(head, body);
      return;
    }
    this.response$.head(body.length === 0, reached);
    if (body.length > 0) this.response$.data(body, true);
  }

  resetDownstream(): void {
    this.#resetAs('local-reset');
  }

  /** The last byte of the answer was handed to the codec. */
  answered(): void {
    this.#end();
  }

  #requestEnded(): void {
    this.info.requestEndAt = this.clock.now();
    this.#timers.requestEnded(this.filters.selected);
  }

  #resetAs(reason: ResetReason): void {
    if (this.#ended) return;
    this.#downstream.writer.reset(reason);
    this.#end();
  }

  /** Nothing reads the heads any more: the codecs may use the maps again. */
  #giveMaps(): void {
    const { maps } = this.services;
    if (this.request !== null) maps.give(this.request);
    if (this.response !== null) maps.give(this.response);
    this.request = null;
    this.response = null;
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    const { info } = this;
    info.responseEndAt = this.clock.now();
    this.#timers.stop();
    this.response$.stop();
    this.request$.stop();
    this.filters.close();
    const { stats } = this.services;
    stats.finished(this.service.hcm.statPrefix, info.status, info.responseEndAt - info.startedAt);
    this.#giveMaps();
    this.#downstream.onEnd();
  }
}

const NOTHING = new Uint8Array(0);
