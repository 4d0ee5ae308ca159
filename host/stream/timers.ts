import type { HttpErrorCode } from '../http/errors.ts';
import { WheelTimer } from '../observe/timer-wheel.ts';
import { failure } from './failures.ts';
import type { SelectedRoute } from './route-table.ts';
import type { HttpStream } from './stream.ts';

/**
 * The time limits of one stream (0 = none): no byte for too long, the whole request, the answer
 * after the whole request (route timeout), the whole stream. Coarse: up to 10 ms late.
 */
export class StreamTimers {
  readonly #stream: HttpStream;
  #idleMs = 0;
  #idle: WheelTimer | null = null;
  #request: WheelTimer | null = null;
  #route: WheelTimer | null = null;
  #duration: WheelTimer | null = null;

  constructor(stream: HttpStream) {
    this.#stream = stream;
  }

  start(requestEnd: boolean): void {
    const { hcm } = this.#stream.service;
    this.#idleMs = hcm.streamIdleTimeoutMs;
    this.active();
    if (hcm.requestTimeoutMs > 0 && !requestEnd) {
      this.#request = this.#after(hcm.requestTimeoutMs, 'request-timeout', 'request-timeout');
    }
    if (hcm.maxStreamDurationMs > 0) this.#limitDuration(hcm.maxStreamDurationMs);
  }

  routeSelected(route: SelectedRoute | null): void {
    if (route === null) return;
    if (route.idleTimeoutMs !== null && route.idleTimeoutMs !== this.#idleMs) {
      this.#idleMs = route.idleTimeoutMs;
      this.#cancel(this.#idle);
      this.active();
    }
    if (route.maxDurationMs > 0) this.#limitDuration(route.maxDurationMs);
    if (this.#stream.info.requestEndAt >= 0) this.requestEnded(route);
  }

  /** The route's timeout counts from the end of the request (Envoy). */
  requestEnded(route: SelectedRoute | null): void {
    this.#cancel(this.#request);
    this.active();
    if (route === null || route.timeoutMs === 0 || this.#route !== null) return;
    this.#route = this.#after(route.timeoutMs, 'upstream-timeout', 'upstream-timeout');
  }

  /** A byte moved; the idle limit starts anew. */
  active(): void {
    if (this.#idleMs === 0) return;
    if (this.#idle === null) {
      this.#idle = this.#after(this.#idleMs, 'stream-idle-request', 'stream-idle');
    } else {
      this.#stream.services.wheel.arm(this.#idle, this.#idleMs);
    }
  }

  stop(): void {
    this.#cancel(this.#idle);
    this.#cancel(this.#request);
    this.#cancel(this.#route);
    this.#cancel(this.#duration);
  }

  #limitDuration(ms: number): void {
    this.#cancel(this.#duration);
    this.#duration = this.#after(ms, 'max-duration-request', 'max-duration');
  }

  /** Fails the stream; what it says depends on whether the request had arrived whole. */
  #after(ms: number, arriving: HttpErrorCode, arrived: HttpErrorCode): WheelTimer {
    const stream = this.#stream;
    const timer = new WheelTimer(() => {
      stream.fail(failure(stream.info.requestEndAt >= 0 ? arrived : arriving));
    });
    stream.services.wheel.arm(timer, ms);
    return timer;
  }

  #cancel(timer: WheelTimer | null): void {
    if (timer !== null) this.#stream.services.wheel.cancel(timer);
  }
}
