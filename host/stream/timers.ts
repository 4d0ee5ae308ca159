import type { Timer } from '@lateen/sdk/base/clock';
import { failure } from './failures.ts';
import type { SelectedRoute } from './route-table.ts';
import type { HttpStream } from './stream.ts';

/**
 * The time limits of one stream (0 = none): no byte for too long, the whole request, the answer
 * after the whole request (route timeout), the whole stream.
 */
export class StreamTimers {
  readonly #stream: HttpStream;
  #idleMs = 0;
  #idle: Timer | null = null;
  #request: Timer | null = null;
  #route: Timer | null = null;
  #duration: Timer | null = null;

  constructor(stream: HttpStream) {
    this.#stream = stream;
  }

  start(requestEnd: boolean): void {
    const { hcm } = this.#stream.service;
    this.#idleMs = hcm.streamIdleTimeoutMs;
    this.active();
    if (hcm.requestTimeoutMs > 0 && !requestEnd) {
      this.#request = this.#after(hcm.requestTimeoutMs, () =>
        this.#stream.fail(failure('request-timeout')),
      );
    }
    if (hcm.maxStreamDurationMs > 0) this.#limitDuration(hcm.maxStreamDurationMs);
  }

  routeSelected(route: SelectedRoute | null): void {
    if (route === null) return;
    if (route.idleTimeoutMs !== null && route.idleTimeoutMs !== this.#idleMs) {
      this.#idleMs = route.idleTimeoutMs;
      this.active();
    }
    if (route.maxDurationMs > 0) this.#limitDuration(route.maxDurationMs);
    if (this.#stream.info.requestEndAt >= 0) this.requestEnded(route);
  }

  /** The route's timeout counts from the end of the request (Envoy). */
  requestEnded(route: SelectedRoute | null): void {
    this.#request?.cancel();
    this.#request = null;
    this.active();
    if (route === null || route.timeoutMs === 0 || this.#route !== null) return;
    this.#route = this.#after(route.timeoutMs, () =>
      this.#stream.fail(failure('upstream-timeout')),
    );
  }

  responseStarted(): void {
    this.active();
  }

  /** A byte moved; the idle limit starts anew. */
  active(): void {
    this.#idle?.cancel();
    this.#idle = null;
    if (this.#idleMs === 0) return;
    this.#idle = this.#after(this.#idleMs, () => {
      const whole = this.#stream.info.requestEndAt >= 0;
      this.#stream.fail(failure(whole ? 'stream-idle' : 'stream-idle-request'));
    });
  }

  stop(): void {
    this.#idle?.cancel();
    this.#request?.cancel();
    this.#route?.cancel();
    this.#duration?.cancel();
  }

  #limitDuration(ms: number): void {
    this.#duration?.cancel();
    this.#duration = this.#after(ms, () => {
      const whole = this.#stream.info.requestEndAt >= 0;
      this.#stream.fail(failure(whole ? 'max-duration' : 'max-duration-request'));
    });
  }

  #after(ms: number, callback: () => void): Timer {
    return this.#stream.services.clock.setTimer(ms, callback);
  }
}
