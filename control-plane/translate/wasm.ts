import type { JsonObject } from '@lateen/sdk/base/json';
import type { Problem } from '@lateen/sdk/base/problem';
import { EXTENSION_CONFIG, STRING_VALUE, WASM } from '@lateen/sdk/xds/type-urls';
import { originOf } from '../api/object.ts';
import { concerns } from '../mesh/hosts.ts';
import type { Extension, Mesh } from '../mesh/mesh.ts';
import { compact, FROM_ADS, seconds, typed, unlessEmpty } from './json.ts';
import type { ProxyNode } from './node.ts';
import { origin } from './provenance.ts';
import type { ModuleResolutions, ReadyModule } from './snapshot.ts';

/** Which side of a proxy a listener is; plugins choose by it, and by the port. */
export interface ListenerSide {
  readonly side: 'inbound' | 'outbound' | 'gateway';
  /** The port clients call; undefined where one listener serves all (the HTTP proxy). */
  readonly port: number | undefined;
}

/** An extension that is in force, with the version of it that is ready. */
export interface ActiveExtension {
  readonly extension: Extension;
  readonly module: ReadyModule;
}

/**
 * The extensions for a proxy that have a module, in running order. One that was never ready is
 * left out and reported: waiting for it would hold up every request.
 */
export function activeExtensions(
  node: ProxyNode,
  mesh: Mesh,
  modules: ModuleResolutions,
  problems: Problem[],
): readonly ActiveExtension[] {
  const active: ActiveExtension[] = [];
  for (const declared of mesh.extensions) {
    const { namespace } = declared.object.metadata;
    if (!concerns({ namespace, selector: declared.selector }, node, mesh.settings.rootNamespace))
      continue;
    const module = modules.get(declared.resourceName);
    if (module === undefined) {
      problems.push({
        level: 'warning',
        code: 'LAT0301',
        message: 'its module is not ready, so it is not in force yet',
        origin: originOf(declared.object),
      });
      continue;
    }
    active.push({ extension: module.extension, module });
  }
  // A version that goes on serving may have another priority than the one that is to come.
  return active.sort((a, b) => b.extension.priority - a.extension.priority);
}

/** Whether an extension wants to see the traffic of a listener. */
export function wantsListener(extension: Extension, listener: ListenerSide): boolean {
  if (extension.match.length === 0) return true;
  const mode = listener.side === 'inbound' ? 'SERVER' : 'CLIENT';
  return extension.match.some((item) => {
    if (item.mode !== 'CLIENT_AND_SERVER' && item.mode !== mode) return false;
    if (item.ports.length === 0 || listener.port === undefined) return item.ports.length === 0;
    return item.ports.includes(listener.port);
  });
}

/** The place in the chain; what stands there comes over ECDS, so that it can change alone. */
export function extensionFilter({ extension }: ActiveExtension): JsonObject {
  return {
    name: extension.resourceName,
    configDiscovery: { configSource: FROM_ADS, typeUrls: [WASM] },
  };
}

const FAILURE_POLICIES = {
  FAIL_CLOSE: 'FAIL_CLOSED',
  FAIL_OPEN: 'FAIL_OPEN',
  FAIL_RELOAD: 'FAIL_RELOAD',
} as const;

/** envoy.config.core.v3.TypedExtensionConfig with the module's address, digest and settings. */
export function extensionConfig({ extension, module }: ActiveExtension): JsonObject {
  const { namespace, name } = extension.object.metadata;
  const sha256 = module.digest.replace(/^sha256:/, '');
  const config = compact({
    name: `${namespace}.${name}`,
    rootId: extension.pluginName === '' ? undefined : extension.pluginName,
    vmConfig: compact({
      vmId: extension.vmId === '' ? undefined : extension.vmId,
      runtime: 'envoy.wasm.runtime.v8',
      code: {
        remote: { httpUri: { uri: module.url, cluster: '_', timeout: '30s' }, sha256 },
      },
      environmentVariables: environment(extension),
    }),
    configuration:
      extension.pluginConfig === undefined
        ? undefined
        : typed(STRING_VALUE, { value: JSON.stringify(extension.pluginConfig) }),
    failurePolicy: FAILURE_POLICIES[extension.failStrategy],
    reloadConfig: reloadConfig(extension),
    capabilityRestrictionConfig: capabilities(extension),
    // Lateen's own field, which an Envoy skips.
    lateenLimits: limits(extension),
  });
  return typed(EXTENSION_CONFIG, {
    name: extension.resourceName,
    typedConfig: typed(WASM, { config }),
  });
}

function environment(extension: Extension): JsonObject | undefined {
  const values = extension.env
    .filter((item) => !item.host)
    .map((item) => [item.name, item.value ?? '']);
  const fromHost = extension.env.filter((item) => item.host).map((item) => item.name);
  if (values.length === 0 && fromHost.length === 0) return undefined;
  return compact({
    keyValues: values.length === 0 ? undefined : Object.fromEntries(values),
    hostEnvKeys: unlessEmpty(fromHost),
  });
}

function reloadConfig({ reloadIntervalMs }: Extension): JsonObject | undefined {
  if (reloadIntervalMs === null) return undefined;
  return { backoff: { baseInterval: seconds(reloadIntervalMs) } };
}

function limits({ limits: given }: Extension): JsonObject | undefined {
  return Object.keys(given).length === 0 ? undefined : { ...given };
}

/** The message that says how to clean the arguments of a capability is empty in Envoy too. */
function capabilities({ allowedCapabilities }: Extension): JsonObject | undefined {
  if (allowedCapabilities === null) return undefined;
  const names = allowedCapabilities.map((name) => [name, {}]);
  return { allowedCapabilities: Object.fromEntries(names) };
}

/** For the listener's metadata: what each filter of the chain was written as. */
export function extensionOrigin({ extension }: ActiveExtension): [string, JsonObject] {
  return [extension.resourceName, origin(extension.object)];
}
