import type { JsonObject } from '@lateen/sdk/base/json';
import type { Problem } from '@lateen/sdk/base/problem';
import type { Result } from '@lateen/sdk/base/result';
import {
  CLUSTER,
  EXTENSION_CONFIG,
  LISTENER,
  LOAD_ASSIGNMENT,
  ROUTE_CONFIGURATION,
} from '@lateen/sdk/xds/type-urls';

/** The types of resource that a proxy asks for, in the order in which they build on each other. */
export const RESOURCE_TYPES = [
  'clusters',
  'assignments',
  'extensions',
  'routes',
  'listeners',
] as const;
export type ResourceType = (typeof RESOURCE_TYPES)[number];

const TYPE_URLS: Readonly<Record<ResourceType, string>> = {
  clusters: CLUSTER,
  assignments: LOAD_ASSIGNMENT,
  extensions: EXTENSION_CONFIG,
  routes: ROUTE_CONFIGURATION,
  listeners: LISTENER,
};

export function typeUrlOf(type: ResourceType): string {
  return TYPE_URLS[type];
}

export function resourceTypeOf(typeUrl: string): ResourceType | undefined {
  return RESOURCE_TYPES.find((type) => TYPE_URLS[type] === typeUrl);
}

/** Resources of one type that a change sets and removes, canonical JSON by name. */
export interface TypeChange {
  readonly set: ReadonlyMap<string, JsonObject>;
  readonly removed: readonly string[];
}

/** A change of configuration as xDS brings it. Absent types did not change. */
export type ResourceChange = { readonly [Type in ResourceType]?: TypeChange };

/**
 * Puts a change into force, whole or not at all: warnings where it did, the reasons where nothing
 * changed. A problem's origin names the resource (`Listener in`, or just `in`).
 */
export type ApplyChange = (
  change: ResourceChange,
) => Promise<Result<readonly Problem[], readonly Problem[]>>;

export interface VersionedResource {
  readonly json: JsonObject;
  readonly version: string;
}

/** A resource in force. */
export interface ActiveResource extends VersionedResource {
  /** Wall clock in ms when it came into force. */
  readonly since: number;
}
