import type { Problem } from '@lateen/sdk/base/problem';
import {
  type ActiveResource,
  RESOURCE_TYPES,
  type ResourceChange,
  type VersionedResource,
} from './resources.ts';

/** One type's resources: in force, and on the way there. */
export interface TypeState {
  readonly active: Map<string, ActiveResource>;
  /** Newer than what is in force: warming, or waiting for its turn. */
  readonly staged: Map<string, VersionedResource>;
  readonly removing: Set<string>;
  /** Names that the server said do not exist, or that never came in time. */
  readonly absent: Set<string>;
  /** The last version that was refused, until a later one is in force. */
  readonly refused: Map<string, RefusedVersion>;
}

/** A version of a resource that was refused. */
export interface RefusedVersion extends VersionedResource {
  readonly problems: readonly Problem[];
  /** Wall clock, ms. */
  readonly at: number;
}

export function openState(): TypeState {
  return {
    active: new Map(),
    staged: new Map(),
    removing: new Set(),
    absent: new Set(),
    refused: new Map(),
  };
}

/** What is in force and comes again unchanged only gets its new version. */
export function keepsActive(state: TypeState, name: string, resource: VersionedResource): boolean {
  const known = state.active.get(name);
  if (known === undefined || state.staged.has(name) || state.removing.has(name)) return false;
  if (JSON.stringify(known.json) !== JSON.stringify(resource.json)) return false;
  state.active.set(name, { ...known, version: resource.version });
  state.refused.delete(name);
  return true;
}

/** The change with its first resource only, in the order in which types build on each other. */
export function firstOf(change: ResourceChange): ResourceChange {
  for (const type of RESOURCE_TYPES) {
    const part = change[type];
    const [set] = part?.set ?? [];
    if (set !== undefined) return { [type]: { set: new Map([set]), removed: [] } };
    const removed = part?.removed.slice(0, 1) ?? [];
    if (removed.length > 0) return { [type]: { set: new Map(), removed } };
  }
  return {};
}

export function isEmpty(change: ResourceChange): boolean {
  return RESOURCE_TYPES.every((type) => {
    const part = change[type];
    return part === undefined || (part.set.size === 0 && part.removed.length === 0);
  });
}
