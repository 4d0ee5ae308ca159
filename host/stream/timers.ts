import type { HttpErrorCode } from '../http/errors.ts';
import { WheelTimer } from '../observe/timer-wheel.ts';
import { failure } from './failures.ts';
import type { SelectedRoute } from './route-table.ts';
import type { HttpStream } from './stream.ts';

const NEVER = Number.POSITIVE_INFINITY;

/**
 * The time limits of one stream (0 = none): no byte for too long, the whole request, the answer
 * after the whole request (route timeout), the whole stream. Coarse: up to 10 ms late.
 *
 * One timer, set for the limit that comes first. A limit that moves away leaves it as it is: when
 * it fires, it looks what is due by now. So each byte that moves costs one note of the time.
 */
export class StreamTimers extends WheelTimer {
  readonly #stream: HttpStream;
  #idleMs = 0;
  #activeAt = 0;
  #requestBy = NEVER;
  #answerBy = NEVER;
  #endBy = NEVER;
  /** For when the timer is armed. */
  #firesAt = NEVER;

  constructor(stream: HttpStream) {
    super();
    this.#stream = stream;
  }

  start(requestEnd: boolean): void {
    const { hcm } = this.#stream.service;
    const now = this.#stream.info.startedAt;
    this.#idleMs = hcm.streamIdleTimeoutMs;
    this.#activeAt = now;
    if (hcm.requestTimeoutMs > 0 && !requestEnd) this.#requestBy = now + hcm.requestTimeoutMs;
    if (hcm.maxStreamDurationMs > 0) this.#endBy = now + hcm.maxStreamDurationMs;
    this.#arm(now);
  }

  routeSelected(route: SelectedRoute | null): void {
    if (route === null) return;
    const now = this.#stream.clock.now();
    if (route.idleTimeoutMs !== null) this.#idleMs = route.idleTimeoutMs;
    if (route.maxDurationMs > 0) this.#endBy = now + route.maxDurationMs;
    if (this.#stream.info.requestEndAt >= 0) this.requestEnded(route);
    else this.#arm(now);
  }

  /** The route's timeout counts from the end of the request (Envoy). */
  requestEnded(route: SelectedRoute | null): void {
    const now = this.#stream.clock.now();
    this.#requestBy = NEVER;
    this.#activeAt = now;
    if (route !== null && route.timeoutMs > 0 && this.#answerBy === NEVER) {
      this.#answerBy = now + route.timeoutMs;
    }
    this.#arm(now);
  }

  /** A byte moved; the idle limit starts anew. */
  active(): void {
    if (this.#idleMs > 0) this.#activeAt = this.#stream.clock.now();
  }

  stop(): void {
    this.#stream.services.wheel.cancel(this);
  }

  override fire(): void {
    const now = this.#stream.clock.now();
    this.#firesAt = NEVER;
    const passed = this.#takePassed(now);
    this.#arm(now);
    if (passed !== null) this.#stream.fail(failure(passed));
  }

  /** What the stream fails of, if a limit has passed; each limit passes once. */
  #takePassed(now: number): HttpErrorCode | null {
    const arrived = this.#stream.info.requestEndAt >= 0;
    if (this.#requestBy <= now) {
      this.#requestBy = NEVER;
      return 'request-timeout';
    }
    if (this.#answerBy <= now) {
      this.#answerBy = NEVER;
      return 'upstream-timeout';
    }
    if (this.#endBy <= now) {
      this.#endBy = NEVER;
      return arrived ? 'max-duration' : 'max-duration-request';
    }
    if (this.#idleBy() > now) return null;
    this.#activeAt = NEVER;
    return arrived ? 'stream-idle' : 'stream-idle-request';
  }

  #idleBy(): number {
    return this.#idleMs > 0 ? this.#activeAt + this.#idleMs : NEVER;
  }

  #arm(now: number): void {
    const due = Math.min(this.#idleBy(), this.#requestBy, this.#answerBy, this.#endBy);
    if (due >= this.#firesAt) return;
    this.#firesAt = due;
    this.#stream.services.wheel.arm(this, due - now);
  }
}
