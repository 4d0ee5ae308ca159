import type { ServiceLease } from '../stream/build-service.ts';
import type { HttpService } from '../stream/service.ts';

/** So many versions of one service may be live; the oldest is cut short when there are more. */
const VERSIONS_MAX = 4;

/** One version of a service and the streams that began with it. */
class Version {
  readonly lease: ServiceLease;
  readonly #streams = new Set<{ reset(): void }>();
  #retired = false;

  constructor(lease: ServiceLease) {
    this.lease = lease;
  }

  get idle(): boolean {
    return this.#streams.size === 0;
  }

  enter(stream: { reset(): void }): void {
    this.#streams.add(stream);
  }

  leave(stream: { reset(): void }): void {
    this.#streams.delete(stream);
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
  #versions: Version[];

  constructor(lease: ServiceLease) {
    this.#versions = [new Version(lease)];
  }

  get current(): HttpService {
    return this.#versions[this.#versions.length - 1].lease.service;
  }

  replace(lease: ServiceLease): void {
    const previous = this.#versions[this.#versions.length - 1];
    this.#versions = [...this.#versions.filter((version) => !version.idle), new Version(lease)];
    previous.retire();
    while (this.#versions.length > VERSIONS_MAX) this.#versions.shift()?.cutShort();
  }

  /** Pins a stream; the function returned lets it go. */
  enter(stream: { reset(): void }): () => void {
    const version = this.#versions[this.#versions.length - 1];
    version.enter(stream);
    return () => version.leave(stream);
  }

  /** No stream will begin here any more. */
  close(): void {
    for (const version of this.#versions) version.retire();
  }
}
