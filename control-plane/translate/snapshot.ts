import type { JsonObject } from '@lateen/sdk/base/json';
import type { Extension } from '../mesh/mesh.ts';

/** Resources of one type by name; each is canonical proto3 JSON with its `@type`. */
export type Resources = ReadonlyMap<string, JsonObject>;

/** All that one proxy is told. */
export interface ProxySnapshot {
  readonly clusters: Resources;
  readonly endpoints: Resources;
  readonly listeners: Resources;
  readonly routes: Resources;
  readonly extensionConfigs: Resources;
}

/** A module that was fetched and verified, and the version of the resource it belongs to. */
export interface ReadyModule {
  /** `sha256:` and 64 hexadecimal digits. */
  readonly digest: string;
  /** Where a proxy can fetch exactly these bytes. */
  readonly url: string;
  /**
   * The extension as it stood when this module was made ready. Where a newer version of the
   * resource has no module yet, this one goes on serving, with its own configuration.
   */
  readonly extension: Extension;
}

/** By `Extension.resourceName`; an extension that is not in it was never ready. */
export type ModuleResolutions = ReadonlyMap<string, ReadyModule>;

/** A snapshot while it is being made. */
export interface ResourceMaps extends ProxySnapshot {
  readonly clusters: Map<string, JsonObject>;
  readonly endpoints: Map<string, JsonObject>;
  readonly listeners: Map<string, JsonObject>;
  readonly routes: Map<string, JsonObject>;
  readonly extensionConfigs: Map<string, JsonObject>;
}
