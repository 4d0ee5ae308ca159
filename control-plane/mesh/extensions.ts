import type { JsonObject } from '@lateen/sdk/base/json';
import type { TypedObject } from '../api/object.ts';
import type { WasmConfig } from '../api/traffic-extension.ts';
import type { Extension } from './mesh.ts';

/** Istio's code, not its comment, decides: a plugin without a priority comes after all others. */
const PRIORITY_UNSET = -(2 ** 31);

type ExtensionObject = TypedObject<'WasmPlugin'> | TypedObject<'TrafficExtension'>;

/** Both kinds in the same words, in the order in which they run within a phase. */
export function collectExtensions(
  plugins: readonly TypedObject<'WasmPlugin'>[],
  extensions: readonly TypedObject<'TrafficExtension'>[],
): readonly Extension[] {
  const all = [
    ...plugins.map((plugin) => toExtension(plugin, plugin.spec)),
    ...extensions.flatMap((item) =>
      item.spec.wasm === undefined ? [] : [toExtension(item, item.spec.wasm)],
    ),
  ];
  // The sort is stable: equal priorities keep the order of age.
  return all.sort((a, b) => b.priority - a.priority);
}

function toExtension(object: ExtensionObject, config: WasmConfig): Extension {
  const { metadata, spec } = object;
  const { namespace, name } = metadata;
  const phase =
    spec.phase === undefined || spec.phase === 'UNSPECIFIED_PHASE' ? 'UNSPECIFIED' : spec.phase;
  return {
    resourceName: `extensions.istio.io/${object.kind.toLowerCase()}/${namespace}.${name}`,
    object,
    phase,
    priority: spec.priority ?? PRIORITY_UNSET,
    selector: spec.selector?.matchLabels ?? {},
    match: (spec.match ?? []).map((item) => ({
      mode: item.mode === undefined || item.mode === 'UNDEFINED' ? 'CLIENT_AND_SERVER' : item.mode,
      ports: (item.ports ?? []).map((port) => port.number),
    })),
    url: config.url,
    sha256: config.sha256 ?? '',
    pullAlways: pullAlways(config),
    pluginConfig: config.pluginConfig as JsonObject | undefined,
    pluginName: config.pluginName ?? '',
    failStrategy: config.failStrategy ?? 'FAIL_CLOSE',
    env: (config.vmConfig?.env ?? []).map((variable) => ({
      name: variable.name,
      host: variable.valueFrom === 'HOST',
      ...(variable.value === undefined ? {} : { value: variable.value }),
    })),
    limits: config.limits ?? {},
    vmId: config.vmConfig?.vmId ?? '',
    reloadIntervalMs: config.reloadInterval ?? null,
    allowedCapabilities: config.allowedCapabilities ?? null,
  };
}

/** An image under a moving tag is looked up again each time; anything else once. */
function pullAlways(config: WasmConfig): boolean {
  if (config.imagePullPolicy === 'Always') return true;
  const policy = config.imagePullPolicy ?? 'UNSPECIFIED_POLICY';
  return policy === 'UNSPECIFIED_POLICY' && /:latest$/.test(config.url);
}
