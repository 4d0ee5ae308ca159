import type { JsonObject } from '@lateen/sdk/base/json';

/** Resources of one type that a change sets and removes, canonical JSON by name. */
export interface TypeChange {
  readonly set: ReadonlyMap<string, JsonObject>;
  readonly removed: readonly string[];
}

/** A change of configuration as xDS brings it. Absent types did not change. */
export interface ResourceChange {
  readonly listeners?: TypeChange;
  readonly routes?: TypeChange;
  readonly clusters?: TypeChange;
  readonly assignments?: TypeChange;
  /** TypedExtensionConfig by name. */
  readonly extensions?: TypeChange;
}

export const NO_CHANGE: TypeChange = { set: new Map(), removed: [] };
