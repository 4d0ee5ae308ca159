import type { ServiceLease } from '../stream/build-service.ts';
import type { HttpService } from '../stream/service.ts';

/** So many versions of one service may be live; the oldest is cut short when there are more. */
const VERSIONS_MAX = 4;

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
  #versions: ServiceVersion[];
  #last: ServiceVersion;

  constructor(lease: ServiceLease) {
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
    this.#versions = [...this.#versions.filter((version) => !version.idle), this.#last];
    previous.retire();
    while (this.#versions.length > VERSIONS_MAX) this.#versions.shift()?.cutShort();
  }

  /** No stream will begin here any more. */
  close(): void {
    for (const version of this.#versions) version.retire();
  }
}
