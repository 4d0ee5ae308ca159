import { isJsonObject, type JsonObject } from '@lateen/sdk/base/json';
import type { Problem } from '@lateen/sdk/base/problem';
import type { PackedMessage, XdsRegistry } from '@lateen/sdk/xds/registry';
import { typeUrl as typeUrlFor } from '@lateen/sdk/xds/type-urls';
import type { VersionedResource } from './resources.ts';

/** A resource as it came; `name` is empty where only its bytes know it. */
export interface PackedResource {
  readonly name: string;
  readonly version: string;
  readonly packed: PackedMessage;
}

export interface DecodedResources {
  readonly set: ReadonlyMap<string, VersionedResource>;
  /** One for each resource that is malformed; the others are good. */
  readonly problems: readonly Problem[];
}

const WRAPPER = typeUrlFor('envoy.service.discovery.v3.Resource');

/** Decodes and checks the resources of a response, each by itself. */
export function decodeResources(
  registry: XdsRegistry,
  typeUrl: string,
  resources: readonly PackedResource[],
): DecodedResources {
  const set = new Map<string, VersionedResource>();
  const problems: Problem[] = [];
  for (const [index, resource] of resources.entries()) {
    const label = resource.name || `resources[${index}]`;
    const decoded = registry.decode(resource.packed.typeUrl, resource.packed.value, label);
    if (!decoded.ok) {
      problems.push(decoded.error);
      continue;
    }
    const { json, name: inner } = unwrap(decoded.value);
    const name = resource.name || inner;
    const fault = faultOf(json, typeUrl, name, set);
    if (fault === undefined) set.set(name, { json, version: resource.version });
    else problems.push(refusal(name || label, fault));
  }
  return { set, problems };
}

function faultOf(
  json: JsonObject,
  typeUrl: string,
  name: string,
  seen: ReadonlyMap<string, unknown>,
): string | undefined {
  if (json['@type'] !== typeUrl) return `is a ${json['@type']}, not a ${typeUrl}`;
  if (name === '') return 'has no name';
  if (seen.has(name)) return 'comes twice in one response';
  return undefined;
}

/** State-of-the-world servers may wrap a resource to give it a TTL. */
function unwrap(json: JsonObject): { readonly json: JsonObject; readonly name: string } {
  const body =
    json['@type'] === WRAPPER && isJsonObject(json['resource']) ? json['resource'] : json;
  return { json: body, name: String(body['name'] ?? body['clusterName'] ?? json['name'] ?? '') };
}

function refusal(resource: string, message: string): Problem {
  return { level: 'error', code: 'LAT0607', message, origin: { resource } };
}
