import { Agent, request } from 'node:http';

const LATENCIES_KEPT = 400;
const TIMEOUT_MS = 10_000;
const IN_FLIGHT_MAX = 200;

export interface TrafficCounts {
  readonly ok: number;
  readonly failed: number;
  /** Milliseconds over the last few hundred requests. */
  readonly p50: number;
  readonly p95: number;
}

/** A client that calls some URLs in turn at a steady rate and counts what comes of it. */
export class Traffic {
  readonly #urls: readonly URL[];
  #next = 0;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: IN_FLIGHT_MAX });
  readonly #latencies: number[] = [];
  #timer: NodeJS.Timeout | undefined;
  #inFlight = 0;
  #ok = 0;
  #failed = 0;

  constructor(urls: readonly string[]) {
    this.#urls = urls.map((url) => new URL(url));
  }

  get running(): boolean {
    return this.#timer !== undefined;
  }

  start(ratePerSecond: number): void {
    if (ratePerSecond <= 0) return;
    this.#timer = setInterval(() => this.#send(), 1000 / ratePerSecond);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#agent.destroy();
  }

  counts(): TrafficCounts {
    const sorted = [...this.#latencies].sort((a, b) => a - b);
    const at = (share: number): number =>
      sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
    return { ok: this.#ok, failed: this.#failed, p50: at(0.5), p95: at(0.95) };
  }

  #send(): void {
    // A mesh that hangs is shown as failing, not hidden behind a queue.
    if (this.#inFlight >= IN_FLIGHT_MAX) {
      this.#failed += 1;
      return;
    }
    this.#inFlight += 1;
    const from = performance.now();
    const url = this.#urls[this.#next % this.#urls.length]!;
    this.#next += 1;
    let over = false;
    const finish = (ok: boolean): void => {
      if (over) return;
      over = true;
      this.#inFlight -= 1;
      if (ok) this.#ok += 1;
      else this.#failed += 1;
      this.#latencies.push(performance.now() - from);
      if (this.#latencies.length > LATENCIES_KEPT) this.#latencies.shift();
    };
    const call = request(url, { agent: this.#agent, timeout: TIMEOUT_MS }, (response) => {
      response.resume();
      response.on('end', () => finish((response.statusCode ?? 500) < 400));
      response.on('error', () => finish(false));
    });
    call.on('timeout', () => call.destroy());
    call.on('error', () => finish(false));
    call.on('close', () => finish(false));
    call.end();
  }
}
