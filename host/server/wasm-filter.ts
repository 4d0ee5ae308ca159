import { isJsonObject, type Json, type JsonObject } from '@lateen/sdk/base/json';
import { JsonReader, type ReaderSink } from '@lateen/sdk/base/json-reader';
import { hasErrors, type Problem } from '@lateen/sdk/base/problem';
import { fail, ok, type Result } from '@lateen/sdk/base/result';
import {
  limitField,
  PLUGIN_LIMIT_NAMES,
  PLUGIN_LIMITS,
  type PluginLimits,
} from '@lateen/sdk/xds/plugin-limits';
import type { FailurePolicy } from '../filter/plugin.ts';

/** Where the bytes of a module come from (envoy.config.core.v3.AsyncDataSource). */
export type CodeSource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'inline'; readonly bytes: Uint8Array }
  | {
      readonly kind: 'remote';
      readonly uri: string;
      /** Lower-case hex. */
      readonly sha256: string;
      readonly timeoutMs: number;
    };

/** A Wasm filter as configured (envoy.extensions.wasm.v3.PluginConfig). */
export interface WasmFilter {
  readonly name: string;
  readonly rootId: string;
  readonly vmId: string;
  readonly code: CodeSource;
  readonly vmConfiguration: string;
  readonly configuration: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly failurePolicy: FailurePolicy;
  readonly limits: PluginLimits;
  /** null = the host's own back-off. */
  readonly reloadIntervalMs: number | null;
  /** Host calls and callbacks that the module has; empty = all, as in Envoy. */
  readonly capabilities: readonly string[];
}

const ENVIRONMENT_MAX = 256;
const CAPABILITIES_MAX = 256;

/** Parses the canonical JSON of envoy.extensions.filters.http.wasm.v3.Wasm. */
export function parseWasmFilter(name: string, json: JsonObject): Result<WasmFilter> {
  const sink: ReaderSink = { resource: name, problems: [] };
  const outer = new JsonReader(json, sink, 'typed_config');
  const config = outer.object('config');
  const vm = config.object('vmConfig');
  const runtime = vm.string('runtime');
  if (runtime !== '' && runtime !== 'envoy.wasm.runtime.v8') {
    vm.error(`${runtime} is not a runtime here; use envoy.wasm.runtime.v8`, 'runtime');
  }
  const code = readCode(vm);
  const filter: Omit<WasmFilter, 'code'> = {
    name: config.string('name', name) || name,
    rootId: config.string('rootId'),
    vmId: vm.string('vmId'),
    vmConfiguration: configurationText(vm.raw('configuration')),
    configuration: configurationText(config.raw('configuration')),
    environment: readEnvironment(vm),
    failurePolicy: readPolicy(config),
    reloadIntervalMs: readReload(config.object('reloadConfig')),
    limits: readLimits(config.object('lateenLimits')),
    capabilities: readCapabilities(config.object('capabilityRestrictionConfig')),
  };
  vm.ignore('allowPrecompiled', 'nackOnCodeCacheMiss');
  vm.refuseUnread();
  config.refuseUnread();
  outer.refuseUnread();
  if (hasErrors(sink.problems)) return fail(firstError(sink.problems));
  return code === null ? fail(noCode(name)) : ok({ ...filter, code });
}

function readCode(vm: JsonReader): CodeSource | null {
  const code = vm.object('code');
  const local = code.object('local');
  const remote = code.object('remote');
  if (local.has('filename')) return { kind: 'file', path: local.string('filename') };
  if (local.has('inlineBytes')) {
    return { kind: 'inline', bytes: Buffer.from(local.string('inlineBytes'), 'base64') };
  }
  if (local.has('inlineString')) {
    return { kind: 'inline', bytes: Buffer.from(local.string('inlineString')) };
  }
  const uri = remote.object('httpUri');
  if (!uri.has('uri')) return null;
  return {
    kind: 'remote',
    uri: uri.string('uri'),
    sha256: remote.string('sha256').toLowerCase(),
    timeoutMs: uri.durationMs('timeout', 15_000),
  };
}

/** A Struct is handed over as JSON text, strings and bytes as they are (Envoy). */
function configurationText(value: Json | undefined): string {
  if (!isJsonObject(value)) return '';
  const type = value['@type'];
  if (type === 'type.googleapis.com/google.protobuf.StringValue')
    return String(value['value'] ?? '');
  if (type === 'type.googleapis.com/google.protobuf.BytesValue') {
    return Buffer.from(String(value['value'] ?? ''), 'base64').toString('latin1');
  }
  if (type === 'type.googleapis.com/google.protobuf.Struct') return JSON.stringify(value['value']);
  return JSON.stringify(value);
}

function readEnvironment(vm: JsonReader): Readonly<Record<string, string>> {
  const variables = vm.object('environmentVariables');
  const entries: [string, string][] = [];
  const given = variables.raw('keyValues');
  for (const [key, value] of Object.entries(isJsonObject(given) ? given : {})) {
    entries.push([key, String(value)]);
  }
  for (const key of variables.strings('hostEnvKeys')) {
    if (entries.some(([known]) => known === key)) {
      variables.error(`${key} stands in key_values too`, 'hostEnvKeys');
    }
    const value = process.env[key];
    if (value !== undefined) entries.push([key, value]);
  }
  if (entries.length > ENVIRONMENT_MAX) variables.error(`has more than ${ENVIRONMENT_MAX} entries`);
  return Object.fromEntries(entries);
}

function readPolicy(config: JsonReader): FailurePolicy {
  const policy = config.string('failurePolicy', 'UNSPECIFIED');
  const open = config.boolean('failOpen');
  if (open && policy !== 'UNSPECIFIED') {
    config.error('cannot be set together with failure_policy', 'failOpen');
  }
  if (open || policy === 'FAIL_OPEN') return 'open';
  return policy === 'FAIL_RELOAD' ? 'reload' : 'closed';
}

/** As in Envoy only the base counts. */
function readReload(reload: JsonReader): number | null {
  const backoff = reload.object('backoff');
  backoff.ignore('maxInterval');
  reload.refuseUnread();
  return backoff.has('baseInterval') ? backoff.durationMs('baseInterval', 1000) : null;
}

/** A limit beyond its bounds is refused: no number may switch a limit off. */
function readLimits(given: JsonReader): PluginLimits {
  const entries = PLUGIN_LIMIT_NAMES.filter((name) => given.has(name)).map((name) => {
    const value = given.number(name);
    const { min, max } = PLUGIN_LIMITS[name];
    if (!Number.isInteger(value) || value < min || value > max) {
      given.error(`must be between ${min} and ${max} (${limitField(name)})`, name);
    }
    return [name, value];
  });
  given.refuseUnread();
  return Object.fromEntries(entries);
}

/** What Envoy maps each name to is empty and has no meaning there either. */
function readCapabilities(restriction: JsonReader): readonly string[] {
  const allowed = restriction.raw('allowedCapabilities');
  const names = isJsonObject(allowed) ? Object.keys(allowed) : [];
  if (names.length > CAPABILITIES_MAX) {
    restriction.error(`has more than ${CAPABILITIES_MAX} entries`, 'allowedCapabilities');
  }
  return names.sort();
}

function firstError(problems: readonly Problem[]): Problem {
  return problems.find((problem) => problem.level === 'error') as Problem;
}

function noCode(name: string): Problem {
  return {
    level: 'error',
    code: 'LAT0302',
    message: 'no code: vm_config.code needs local.filename, local.inline_bytes or remote.http_uri',
    origin: { resource: name, path: 'typed_config.config.vm_config.code' },
  };
}
