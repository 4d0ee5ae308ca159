import { isIP } from 'node:net';
import type { JsonObject } from '@lateen/sdk/base/json';
import { JsonReader } from '@lateen/sdk/base/json-reader';
import { hasErrors, type Problem } from '@lateen/sdk/base/problem';
import type { Outcome } from '@lateen/sdk/base/result';
import { readAddress } from '../net/address.ts';

/** `envoy.config.endpoint.v3.ClusterLoadAssignment` in a readonly form of ours. */
export interface Assignment {
  /** The EDS service name, or the cluster's. */
  readonly clusterName: string;
  readonly localities: readonly LocalityEndpoints[];
  /** 140: a priority with 72 % of its hosts healthy still takes all the traffic. */
  readonly overprovisioningFactor: number;
}

export interface LocalityEndpoints {
  readonly locality: Locality;
  /** 0 where none is given: no traffic where localities are weighted. */
  readonly weight: number;
  /** 0 is used first. */
  readonly priority: number;
  readonly endpoints: readonly EndpointConfig[];
}

export interface Locality {
  readonly region: string;
  readonly zone: string;
  readonly subZone: string;
}

export interface EndpointConfig {
  /** An IP literal; a name in DNS clusters. */
  readonly host: string;
  readonly port: number;
  readonly hostname: string;
  /** At least 1. */
  readonly weight: number;
  readonly health: Health;
  /** `filter_metadata` (canonical JSON). */
  readonly metadata: JsonObject;
}

export type Health = 'healthy' | 'degraded' | 'unhealthy';

/** Whether endpoints may be names (DNS clusters) or must be addresses. */
export type EndpointNames = 'ip-only' | 'names';

const DEFAULT_OVERPROVISIONING_FACTOR = 140;

export const NO_ENDPOINTS: Omit<Assignment, 'clusterName'> = {
  localities: [],
  overprovisioningFactor: DEFAULT_OVERPROVISIONING_FACTOR,
};

/** Parses the canonical JSON of a ClusterLoadAssignment; null where any problem is an error. */
export function parseAssignment(
  json: JsonObject,
  names: EndpointNames = 'ip-only',
): Outcome<Assignment | null> {
  const problems: Problem[] = [];
  const name = typeof json['clusterName'] === 'string' ? json['clusterName'] : '';
  const reader = new JsonReader(json, { resource: `ClusterLoadAssignment ${name}`, problems });
  const value = readAssignment(reader, names);
  return { value: hasErrors(problems) ? null : value, problems };
}

export function readAssignment(reader: JsonReader, names: EndpointNames): Assignment {
  const policy = reader.object('policy');
  const factor = policy.number('overprovisioningFactor', DEFAULT_OVERPROVISIONING_FACTOR);
  if (factor <= 0) policy.error('must be greater than 0', 'overprovisioningFactor');
  for (const field of ['dropOverloads', 'weightedPriorityHealth']) {
    if (policy.has(field)) policy.error('is not supported', field);
    policy.ignore(field);
  }
  policy.warnUnread();
  const assignment: Assignment = {
    clusterName: reader.string('clusterName'),
    localities: reader.objects('endpoints').map((item) => readLocality(item, names)),
    overprovisioningFactor: factor,
  };
  refuseGaps(reader, assignment.localities);
  reader.refuseUnread();
  return assignment;
}

function readLocality(reader: JsonReader, names: EndpointNames): LocalityEndpoints {
  const locality = reader.object('locality');
  const value: LocalityEndpoints = {
    locality: {
      region: locality.string('region'),
      zone: locality.string('zone'),
      subZone: locality.string('subZone'),
    },
    weight: reader.number('loadBalancingWeight'),
    priority: reader.number('priority'),
    endpoints: reader.objects('lbEndpoints').flatMap((item) => readEndpoint(item, names)),
  };
  reader.ignore('metadata', 'proximity');
  // Endpoints that are listed elsewhere (LEDS) are refused.
  reader.refuseUnread();
  return value;
}

function readEndpoint(reader: JsonReader, names: EndpointNames): readonly EndpointConfig[] {
  const endpoint = reader.object('endpoint');
  const address = readAddress(endpoint.object('address'), names);
  const hostname = endpoint.string('hostname');
  // Health checks run against the traffic port or not at all; a warning stands at the cluster.
  endpoint.ignore('healthCheckConfig');
  endpoint.warnUnread();
  const weight = reader.number('loadBalancingWeight', 1);
  if (weight < 1) reader.error('must be at least 1', 'loadBalancingWeight');
  const health = readHealth(reader);
  const metadata = reader.object('metadata').object('filterMetadata').json;
  reader.refuseUnread();
  if (address === null) return [];
  const { host, port } = address;
  const named = hostname === '' && isIP(host) === 0 ? host : hostname;
  return [{ host, port, hostname: named, weight, health, metadata }];
}

function readHealth(reader: JsonReader): Health {
  switch (reader.string('healthStatus', 'UNKNOWN')) {
    case 'UNHEALTHY':
    case 'DRAINING':
    case 'TIMEOUT':
      return 'unhealthy';
    case 'DEGRADED':
      return 'degraded';
    default:
      return 'healthy';
  }
}

/** Envoy refuses an assignment whose priorities skip a number. */
function refuseGaps(reader: JsonReader, localities: readonly LocalityEndpoints[]): void {
  const used = new Set(localities.map((item) => item.priority));
  for (let priority = 0; priority < used.size; priority++) {
    if (used.has(priority)) continue;
    reader.error(`priority ${priority} is missing: priorities count up from 0`, 'endpoints');
    return;
  }
}
