import type { Clock, Timer } from '@lateen/sdk/base/clock';
import type { ServiceLease } from '../stream/build-service.ts';
import type { HttpService } from '../stream/service.ts';

/**
 * So many versions of one service may be live. Where there are more, the oldest has to end: its
 * streams get the time to drain, unless changes come so fast that even that would be too many.
 */
const VERSIONS_MAX = 4;
const DRAINING_VERSIONS_MAX = 64;
const DRAIN_MS = 15_000;

/** A stream that is pinned to the version it began with. */
export interface PinnedStream {
  reset(): void;
  /** Its place among the version's streams; the version's own. */
  place: number;
}

/** One version of a service and the streams that began with it. */
export class ServiceVersion {
  readonly lease: ServiceLease;
  /** In no order: who leaves is replaced by the last one. */
  readonly #streams: PinnedStream[] = [];
  #retired = false;
  /** When it was replaced, by the clock. */
  retiredAt = Number.POSITIVE_INFINITY;

  constructor(lease: ServiceLease) {
    this.lease = lease;
  }

  get idle(): boolean {
    return this.#streams.length === 0;
  }

  enter(stream: PinnedStream): void {
    stream.place = this.#streams.length;
    this.#streams.push(stream);
  }

  leave(stream: PinnedStream): void {
    const last = this.#streams.pop();
    if (last !== undefined && last !== stream) {
      last.place = stream.place;
      this.#streams[stream.place] = last;
    }
    if (this.#retired && this.idle) this.lease.release();
  }

  retire(): void {
    if (this.#retired) return;
    this.#retired = true;
    if (this.idle) this.lease.release();
  }

  cutShort(): void {
    for (const stream of [...this.#streams]) stream.reset();
  }
}

/**
 * The service behind one filter chain: it changes under the connections that use it. A stream is
 * pinned to the version it began with; a version's VMs close when its last stream has ended.
 */
export class LiveService {
  readonly #clock: Clock;
  #versions: ServiceVersion[];
  #last: ServiceVersion;
  #trimming: Timer | undefined;

  constructor(lease: ServiceLease, clock: Clock) {
    this.#clock = clock;
    this.#last = new ServiceVersion(lease);
    this.#versions = [this.#last];
  }

  /** What streams that begin now are pinned to. */
  get version(): ServiceVersion {
    return this.#last;
  }

  get current(): HttpService {
    return this.#last.lease.service;
  }

  replace(lease: ServiceLease): void {
    const previous = this.#last;
    this.#last = new ServiceVersion(lease);
    this.#versions.push(this.#last);
    previous.retiredAt = this.#clock.now();
    previous.retire();
    this.#trim();
  }

  /** No stream will begin here any more. */
  close(): void {
    this.#trimming?.cancel();
    for (const version of this.#versions) version.retire();
  }

  /** Cuts the oldest versions short that are too many and had their time; comes again for others. */
  #trim(): void {
    this.#trimming?.cancel();
    this.#versions = this.#versions.filter((version) => version === this.#last || !version.idle);
    while (this.#versions.length > VERSIONS_MAX) {
      const leftMs = this.#versions[0]!.retiredAt + DRAIN_MS - this.#clock.now();
      if (leftMs > 0 && this.#versions.length <= DRAINING_VERSIONS_MAX) {
        this.#trimming = this.#clock.setTimer(leftMs, () => this.#trim());
        return;
      }
      this.#versions.shift()?.cutShort();
    }
  }
}
