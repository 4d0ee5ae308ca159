import * as ext from '@lateen/sdk/abi/extensions';
import type { Clock, Timer } from '@lateen/sdk/base/clock';
import type { MessageWriter, ResetReason } from '../http/codec.ts';
import type { HeaderMap } from '../http/header-map.ts';
import type {
  AttemptHandle,
  AttemptReceiver,
  Cluster,
  Host,
  PoolFailure,
  UpstreamConnection,
} from '../upstream/seam.ts';
import { ReplayBody } from './replay.ts';

/** What the stream that owns an exchange answers and hears. */
export interface ExchangeOwner {
  readonly clock: Clock;
  readonly requestHead: HeaderMap;
  readonly requestTrailers: HeaderMap | null;
  readonly replayBytesMax: number;
  /** Asks the modules that have a say about attempts; null = nobody wishes anything. */
  attemptOutcome(attempt: number, outcome: number): AttemptWish | null;
  /** Shows a response head to modules before it is accepted; false takes it back. */
  showResponse(head: HeaderMap | null): void;
  upstreamReady(host: Host, connection: UpstreamConnection): void;
  upstreamHead(head: HeaderMap, end: boolean): void;
  upstreamInformational(head: HeaderMap): void;
  upstreamData(chunk: Buffer, end: boolean): void;
  upstreamTrailers(trailers: HeaderMap): void;
  upstreamFailed(failure: UpstreamFailure, detail: string): void;
  /** The upstream takes no more for now; stop feeding it. */
  holdRequest(on: boolean): void;
}

/** Why there is no (whole) response. */
export type UpstreamFailure =
  | PoolFailure
  | 'reset'
  | 'protocol-error'
  | 'refused-stream'
  | 'per-try-timeout'
  | 'per-try-idle-timeout';

/** A retry module's answer, copied out of its memory. Times in milliseconds, 0 = none. */
export interface AttemptWish {
  readonly flags: number;
  readonly delayMs: number;
  readonly perTryTimeoutMs: number;
  readonly perTryIdleTimeoutMs: number;
  readonly hostAttempts: number;
}

const NO_WISH: AttemptWish = {
  flags: 0,
  delayMs: 0,
  perTryTimeoutMs: 0,
  perTryIdleTimeoutMs: 0,
  hostAttempts: 0,
};

/** Where the attempt at hand stands. */
type State = 'idle' | 'connecting' | 'sending' | 'answering' | 'waiting' | 'done';

/**
 * The attempts to get one request answered. It sends, hears each outcome, asks the owner whether
 * to try again, and obeys as long as the request can still be repeated: nothing of the response
 * was passed on, and the body that has passed is kept.
 */
export class Exchange implements AttemptReceiver {
  readonly #owner: ExchangeOwner;
  readonly #cluster: Cluster;
  #tried: readonly Host[] = NO_HOSTS;
  #state: State = 'idle';
  #attempt = 0;
  #wish: AttemptWish = NO_WISH;
  #handle: AttemptHandle | null = null;
  #writer: MessageWriter | null = null;
  #replay: ReplayBody | null = null;
  /** Chunks that arrived before the first connection was there, when nothing is kept. */
  #early: Uint8Array[] = [];
  #requestEnd = false;
  #headEnd = false;
  #hasTrailers = false;
  #sentBytes = false;
  #timer: Timer | null = null;
  #idleTimer: Timer | null = null;
  #readingPaused = false;

  constructor(owner: ExchangeOwner, cluster: Cluster) {
    this.#owner = owner;
    this.#cluster = cluster;
  }

  get attempts(): number {
    return this.#attempt;
  }

  get finished(): boolean {
    return this.#state === 'done';
  }

  get wireBytesSent(): number {
    return this.#writer?.wireBytesSent ?? 0;
  }

  get wireBytesReceived(): number {
    return this.#writer?.wireBytesReceived ?? 0;
  }

  /** The request's head has passed the filters. `end`: there is no body. */
  begin(end: boolean): void {
    this.#headEnd = end;
    this.#requestEnd = end;
    const wish = this.#owner.attemptOutcome(1, ext.ATTEMPT_START);
    if (wish !== null) {
      this.#wish = wish;
      if ((wish.flags & ext.WISH_KEEP_BODY) !== 0 && !end) {
        this.#replay = new ReplayBody(this.#owner.replayBytesMax);
      }
    }
    this.#open();
  }

  data(chunk: Uint8Array, end: boolean): void {
    if (this.#state === 'done') return;
    this.#requestEnd = end;
    if (this.#writer !== null) {
      this.#replay?.keep(chunk);
      if (!this.#writer.writeData(chunk, end)) this.#owner.holdRequest(true);
      return;
    }
    if (this.#replay?.complete === true) this.#replay.keepUnsent(chunk);
    else this.#early.push(chunk);
    this.#owner.holdRequest(true);
  }

  trailers(): void {
    if (this.#state === 'done') return;
    this.#requestEnd = true;
    this.#hasTrailers = true;
    const { requestTrailers } = this.#owner;
    if (requestTrailers !== null) this.#writer?.writeTrailers(requestTrailers);
  }

  /** Ends whatever is going on; nothing is heard of this exchange any more. */
  cancel(): void {
    if (this.#state === 'done') return;
    this.#state = 'done';
    this.#stopTimers();
    this.#replay?.release();
    this.#handle?.cancel();
    this.#handle = null;
    this.#writer = null;
  }

  pauseReading(on: boolean): void {
    if (this.#readingPaused === on || this.#writer === null) return;
    this.#readingPaused = on;
    if (on) this.#writer.pauseReading();
    else this.#writer.resumeReading();
  }

  onReady(writer: MessageWriter, host: Host, connection: UpstreamConnection): void {
    this.#writer = writer;
    this.#state = 'sending';
    this.#note(host);
    this.#owner.upstreamReady(host, connection);
    this.#sendRequest(writer);
  }

  onPoolFailure(failure: PoolFailure, detail: string, host: Host | null): void {
    if (host !== null) this.#note(host);
    this.#failed(failure, detail);
  }

  onHead(head: HeaderMap, end: boolean): void {
    if (this.#state !== 'sending') return;
    this.#owner.showResponse(head);
    const wish = this.#owner.attemptOutcome(this.#attempt, ext.ATTEMPT_RESPONSE);
    if (this.#mayRetry(wish)) {
      this.#owner.showResponse(null);
      this.#abandonAttempt();
      this.#retryAfter(wish);
      return;
    }
    if (this.finished) return;
    this.#commit(end);
    this.#owner.upstreamHead(head, end);
  }

  onInformational(head: HeaderMap): void {
    this.#owner.upstreamInformational(head);
  }

  onData(chunk: Buffer, end: boolean): void {
    if (end) this.#finish();
    else this.#touchIdle();
    this.#owner.upstreamData(chunk, end);
  }

  onTrailers(trailers: HeaderMap): void {
    this.#finish();
    this.#owner.upstreamTrailers(trailers);
  }

  onReset(reason: ResetReason, detail: string): void {
    this.#handle = null;
    if (reason === 'protocol-error' || reason === 'limit') this.#failed('protocol-error', detail);
    else this.#failed(reason === 'refused-stream' ? 'refused-stream' : 'reset', detail);
  }

  onWritable(): void {
    this.#owner.holdRequest(false);
  }

  #open(): void {
    this.#attempt++;
    this.#state = 'connecting';
    this.#sentBytes = false;
    const wish = this.#wish;
    if (wish.perTryTimeoutMs > 0) {
      this.#timer = this.#owner.clock.setTimer(wish.perTryTimeoutMs, () => this.#tryTimedOut());
    }
    const avoid = (wish.flags & ext.WISH_AVOID_PREVIOUS_HOSTS) !== 0 ? this.#tried : NO_HOSTS;
    const handle = this.#cluster.open(
      { hash: null, avoid, hostAttempts: wish.hostAttempts, retry: this.#attempt > 1 },
      this,
    );
    if (this.#state === 'connecting' || this.#state === 'sending') this.#handle = handle;
  }

  #note(host: Host): void {
    this.#tried = this.#attempt === 1 ? [host] : [...this.#tried, host];
  }

  #sendRequest(writer: MessageWriter): void {
    this.#sentBytes = true;
    writer.writeHead(this.#owner.requestHead, this.#headEnd);
    if (!this.#headEnd) {
      const kept = this.#replay?.complete === true ? this.#replay.chunks : this.#early;
      this.#early = [];
      const last = this.#requestEnd && !this.#hasTrailers ? kept.length - 1 : -1;
      for (let i = 0; i < kept.length; i++) writer.writeData(kept[i], i === last);
      if (last === -1 && this.#requestEnd && !this.#hasTrailers) writer.writeData(NOTHING, true);
      const { requestTrailers } = this.#owner;
      if (this.#hasTrailers && requestTrailers !== null) writer.writeTrailers(requestTrailers);
    }
    this.#owner.holdRequest(false);
    this.#touchIdle();
  }

  #failed(failure: UpstreamFailure, detail: string): void {
    if (this.#state === 'done') return;
    const answering = this.#state === 'answering';
    const outcome = outcomeOf(failure, this.#sentBytes);
    this.#abandonAttempt();
    if (!answering) {
      const wish = this.#owner.attemptOutcome(this.#attempt, outcome);
      if (this.finished) return;
      if (this.#mayRetry(wish)) {
        this.#retryAfter(wish);
        return;
      }
    }
    this.#state = 'done';
    this.#owner.upstreamFailed(failure, detail);
  }

  #mayRetry(wish: AttemptWish | null): wish is AttemptWish {
    if (wish === null || (wish.flags & ext.WISH_RETRY) === 0 || this.finished) return false;
    return this.#headEnd || this.#replay?.complete === true;
  }

  #retryAfter(wish: AttemptWish): void {
    this.#wish = wish;
    this.#state = 'waiting';
    this.#timer = this.#owner.clock.setTimer(wish.delayMs, () => this.#retryNow());
  }

  #retryNow(): void {
    if (this.#state === 'waiting') this.#open();
  }

  #tryTimedOut(): void {
    if (this.#state === 'connecting' || this.#state === 'sending') {
      this.#failed('per-try-timeout', 'per try timeout');
    }
  }

  #idledOut(): void {
    if (this.#state === 'sending' || this.#state === 'answering') {
      this.#failed('per-try-idle-timeout', 'per try idle timeout');
    }
  }

  /** The response is accepted: from here on there is no further attempt. */
  #commit(end: boolean): void {
    this.#state = 'answering';
    this.#timer?.cancel();
    this.#timer = null;
    this.#replay?.release();
    this.#touchIdle();
    if (end) this.#finish();
  }

  #finish(): void {
    this.#state = 'done';
    this.#stopTimers();
    if (!this.#requestEnd) this.#handle?.cancel();
    this.#handle = null;
  }

  #abandonAttempt(): void {
    this.#stopTimers();
    this.#handle?.cancel();
    this.#handle = null;
    this.#writer = null;
    this.#readingPaused = false;
  }

  #touchIdle(): void {
    const limit = this.#wish.perTryIdleTimeoutMs;
    if (limit === 0) return;
    this.#idleTimer?.cancel();
    this.#idleTimer = this.#owner.clock.setTimer(limit, () => this.#idledOut());
  }

  #stopTimers(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#idleTimer?.cancel();
    this.#idleTimer = null;
  }
}

function outcomeOf(failure: UpstreamFailure, sentBytes: boolean): number {
  switch (failure) {
    case 'connect-failure':
    case 'connect-timeout':
      return ext.ATTEMPT_CONNECT_FAILURE;
    case 'overflow':
    case 'no-healthy-host':
      return ext.ATTEMPT_OVERFLOW;
    case 'per-try-timeout':
    case 'per-try-idle-timeout':
      return ext.ATTEMPT_PER_TRY_TIMEOUT;
    case 'refused-stream':
      return ext.ATTEMPT_REFUSED_STREAM;
    case 'reset':
    case 'protocol-error':
      return sentBytes ? ext.ATTEMPT_RESET : ext.ATTEMPT_RESET_BEFORE_REQUEST;
  }
}

const NO_HOSTS: readonly Host[] = [];
const NOTHING = new Uint8Array(0);
