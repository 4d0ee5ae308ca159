import { createHash } from 'node:crypto';
import type { DescMessage } from '@bufbuild/protobuf';
import type { Json, JsonObject } from '@lateen/sdk/base/json';
import { isJsonObject } from '@lateen/sdk/base/json';
import type { Problem } from '@lateen/sdk/base/problem';
import type { Outcome } from '@lateen/sdk/base/result';
import type { PluginSpec } from '../filter/plugin-pool.ts';
import type { RouteMessage, ServedPart } from '../stream/build-service.ts';

/** Which module serves a message type; undefined where none does. */
export type ServedBy = (typeUrl: string) => PluginSpec | undefined;

const PREFIX = 'type.googleapis.com/';
const ROUTE_CONFIGURATION = 'envoy.config.route.v3.RouteConfiguration';
const VIRTUAL_HOST = 'envoy.config.route.v3.VirtualHost';
const CLUSTER_WEIGHT = 'envoy.config.route.v3.WeightedCluster.ClusterWeight';

/**
 * Takes a RouteConfiguration apart: every message in it that some module serves, found by
 * descriptor, with the virtual host and the route that it belongs to. What a part means is the
 * module's business.
 */
export function takeApart(
  json: JsonObject,
  descriptors: { getMessage(typeName: string): DescMessage | undefined },
  servedBy: ServedBy,
): Outcome<RouteMessage> {
  const problems: Problem[] = [];
  const name = typeof json['name'] === 'string' ? json['name'] : '';
  const parts: ServedPart[] = [];
  const walk = (at: Place, value: Json | undefined, message: DescMessage): void => {
    if (!isJsonObject(value)) return;
    for (const field of message.fields) {
      const child = Object.hasOwn(value, field.jsonName) ? value[field.jsonName] : undefined;
      if (child === undefined || child === null) continue;
      if (field.fieldKind === 'map' && isJsonObject(child)) {
        if (field.mapKind !== 'message') continue;
        if (message.typeName === CLUSTER_WEIGHT) problems.push(perCluster(name, at));
        for (const [key, item] of Object.entries(child)) visit(at, item, field.message, key);
      } else if (field.fieldKind === 'list' && field.listKind === 'message') {
        const items = Array.isArray(child) ? child : [];
        for (const [index, item] of items.entries()) {
          visit(inside(at, message.typeName, field.jsonName, index), item, field.message, null);
        }
      } else if (field.fieldKind === 'message') {
        visit(at, child, field.message, null);
      }
    }
  };
  const visit = (
    at: Place,
    value: Json | undefined,
    message: DescMessage,
    filterName: string | null,
  ): void => {
    if (!isJsonObject(value)) return;
    const isAny = message.typeName === 'google.protobuf.Any';
    const typeUrl = isAny ? String(value['@type']) : PREFIX + message.typeName;
    const companion = servedBy(typeUrl);
    if (companion !== undefined && message.typeName !== VIRTUAL_HOST) {
      const text = JSON.stringify(isAny ? value : { '@type': typeUrl, ...value });
      const owner = isAny ? filterName : null;
      parts.push({ ...at, filterName: owner, companion, digest: digestOf(text), json: text });
      return;
    }
    if (isAny && filterName !== null) problems.push(unserved(name, filterName, typeUrl));
    if (!isAny) walk(at, value, message);
  };
  const root = descriptors.getMessage(ROUTE_CONFIGURATION);
  if (root !== undefined) walk({ virtualHost: -1, route: -1 }, json, root);
  const hosts = json['virtualHosts'];
  const text = JSON.stringify(json);
  const value: RouteMessage = {
    name,
    digest: digestOf(text),
    json,
    parts,
    virtualHostDigests: Array.isArray(hosts) ? hosts.map((h) => digestOf(JSON.stringify(h))) : [],
  };
  return { value, problems };
}

/** A configuration of one weighted cluster would otherwise count for the whole route. */
function perCluster(resource: string, at: Place): Problem {
  const path = `virtual_hosts[${at.virtualHost}].routes[${at.route}].route.weighted_clusters`;
  return {
    level: 'error',
    code: 'LAT0314',
    message: 'filter configuration of a single weighted cluster is not supported',
    origin: { resource, path },
    fix: 'put it on the route',
  };
}

function unserved(resource: string, filterName: string, typeUrl: string): Problem {
  return {
    level: 'error',
    code: 'LAT0312',
    message: `no module serves ${typeUrl}`,
    origin: { resource, path: `typed_per_filter_config[${filterName}]` },
    fix: 'take the entry out, or load a module whose manifest lists this type',
  };
}

type Place = Pick<ServedPart, 'virtualHost' | 'route'>;

function inside(at: Place, typeName: string, field: string, index: number): Place {
  if (typeName === ROUTE_CONFIGURATION && field === 'virtualHosts') {
    return { virtualHost: index, route: -1 };
  }
  if (typeName === VIRTUAL_HOST && field === 'routes') return { ...at, route: index };
  return at;
}

export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
