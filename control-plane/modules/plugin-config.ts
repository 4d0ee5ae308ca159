import type { Json } from '@lateen/sdk/base/json';
import { ok, type Result } from '@lateen/sdk/base/result';
import { type ConfigFault, checkConfig } from '@lateen/sdk/schema/check-config';
import { parseConfigSchema } from '@lateen/sdk/schema/config-schema';
import { readSchemaSection } from '@lateen/sdk/schema/schema-section';
import { isKind } from '../api/object.ts';
import type { PluginSource } from './plugin.ts';
import { CONFIG_REFUSED, failed } from './problem.ts';

/**
 * Does the resource's pluginConfig keep to the schema that the module carries? A module without
 * one, or with one that we cannot read, judges its configuration itself.
 */
export function checkPluginConfig(source: PluginSource, module: Uint8Array): Result<void> {
  const text = readSchemaSection(module);
  const schema = text === undefined ? undefined : parseConfigSchema(text);
  if (schema?.ok !== true) return ok(undefined);
  const [first, ...others] = checkConfig(schema.value, configOf(source));
  if (first === undefined) return ok(undefined);
  const more = others.map(({ path, message }) => `${fieldOf(path)} ${message}`);
  const message = [`${fieldOf(first.path)} ${first.message}`, ...more].join('; ');
  return failed(CONFIG_REFUSED, message, first.fix);
}

/** The keys that lead to the field that a CONFIG_REFUSED problem is about. */
export function configKeys(message: string): readonly (string | number)[] {
  const path = message.slice(0, message.indexOf(' '));
  const parts = path.match(/\w+/g) ?? [];
  return parts.map((part) => (/^\d/.test(part) ? Number(part) : part));
}

function fieldOf(path: ConfigFault['path']): string {
  return path === '' ? 'pluginConfig' : `pluginConfig.${path}`;
}

function configOf({ object }: PluginSource): Json | undefined {
  if (isKind(object, 'WasmPlugin')) return object.spec.pluginConfig as Json | undefined;
  return isKind(object, 'TrafficExtension')
    ? (object.spec.wasm?.pluginConfig as Json | undefined)
    : undefined;
}
