import type { JsonObject } from '@lateen/sdk/base/json';
import { formatAddress } from '../net/ip.ts';
import type { EndpointConfig, Health, Locality } from './assignment.ts';
import type { Candidate } from './candidate.ts';
import { H2HostPool } from './h2-pool.ts';
import type { HttpProtocol } from './http-options.ts';
import { HostPool } from './pool.ts';
import type { UpstreamPool } from './pool-account.ts';
import type { PoolSettings } from './pool-settings.ts';
import type { Host } from './seam.ts';

/** Where a host stands in its cluster. */
export interface HostPlace {
  readonly endpoint: EndpointConfig;
  readonly locality: Locality;
  readonly priority: number;
}

/**
 * One host of a cluster with its connections. The object lives as long as its address stays in
 * the cluster; an update changes what is said about it, never what it is connected to.
 */
export class UpstreamHost implements Host, Candidate {
  readonly address: string;
  /** What its connections speak. */
  readonly protocol: HttpProtocol;
  readonly pool: UpstreamPool;
  #place: HostPlace;
  #localityText: string;

  constructor(place: HostPlace, settings: PoolSettings) {
    const { host, port } = place.endpoint;
    this.address = formatAddress(host, port);
    this.#place = place;
    this.#localityText = localityText(place.locality);
    this.protocol = settings.config.http.protocol;
    const Pool = this.protocol === 'http2' ? H2HostPool : HostPool;
    this.pool = new Pool(this, { host, port }, settings);
  }

  get hostname(): string {
    return this.#place.endpoint.hostname;
  }

  get metadata(): JsonObject {
    return this.#place.endpoint.metadata;
  }

  get locality(): string {
    return this.#localityText;
  }

  get place(): HostPlace {
    return this.#place;
  }

  get weight(): number {
    return this.#place.endpoint.weight;
  }

  get health(): Health {
    return this.#place.endpoint.health;
  }

  get priority(): number {
    return this.#place.priority;
  }

  get activeRequests(): number {
    return this.pool.counts.activeRequests;
  }

  move(place: HostPlace): void {
    this.#place = place;
    this.#localityText = localityText(place.locality);
  }
}

/** `region/zone/sub-zone`, empty parts left out. */
export function localityText(locality: Locality): string {
  return [locality.region, locality.zone, locality.subZone].filter((part) => part !== '').join('/');
}
