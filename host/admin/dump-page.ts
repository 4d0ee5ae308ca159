import { isJsonObject, type Json, type JsonObject } from '@lateen/sdk/base/json';
import type { XdsRegistry } from '@lateen/sdk/xds/registry';
import type { AdminSource } from './admin-source.ts';
import { jsonPage, type Page, textPage, usagePage } from './page.ts';
import { compileFilter } from './stats-pages.ts';

const ENDPOINTS = 'type.googleapis.com/envoy.admin.v3.EndpointsConfigDump';

/**
 * `/config_dump?include_eds&resource=FIELD&name_regex=REGEX&mask=PATHS`: Envoy's JSON, secrets
 * redacted by the API's own marks.
 */
export function configDumpPage(
  source: AdminSource,
  registry: XdsRegistry,
  query: URLSearchParams,
): Page {
  const withEndpoints = query.has('include_eds');
  const pattern = query.get('name_regex') ?? '';
  const matches = pattern === '' ? () => true : compileFilter(pattern);
  if (matches === undefined) return usagePage(`Error while parsing name_regex from ${pattern}`);
  const sections = source
    .configDump()
    .filter((section) => withEndpoints || section['@type'] !== ENDPOINTS)
    .map((section) => registry.withProtoNames(registry.redact(section)))
    .map((section) => filterNames(section, matches));
  const resource = query.get('resource');
  const configs = resource === null ? sections : entriesOf(sections, resource);
  if (configs === undefined) return textPage(`${resource} not found in config dump\n`, 404);
  const paths = (query.get('mask') ?? '').split(',').filter((path) => path !== '');
  return jsonPage({ configs: paths.length === 0 ? configs : configs.map((c) => mask(c, paths)) });
}

/** The entries of one repeated field, e.g. `dynamic_listeners`. */
function entriesOf(
  sections: readonly JsonObject[],
  field: string,
): readonly JsonObject[] | undefined {
  for (const section of sections) {
    const entries = section[field];
    if (Array.isArray(entries)) return entries.filter(isJsonObject);
  }
  return REPEATED_FIELDS.has(field) ? [] : undefined;
}

/** An empty field is not printed, and is no mistake. */
const REPEATED_FIELDS = new Set([
  'static_clusters',
  'dynamic_active_clusters',
  'dynamic_warming_clusters',
  'static_listeners',
  'dynamic_listeners',
  'static_route_configs',
  'dynamic_route_configs',
  'static_endpoint_configs',
  'dynamic_endpoint_configs',
  'static_secrets',
  'dynamic_active_secrets',
  'ecds_filters',
]);

function filterNames(section: JsonObject, matches: (name: string) => boolean): JsonObject {
  const entries = Object.entries(section).map(([field, value]): [string, Json | undefined] => {
    if (!Array.isArray(value)) return [field, value];
    return [field, value.filter((entry: Json) => matches(nameOf(entry)))];
  });
  return Object.fromEntries(entries);
}

function nameOf(entry: Json): string {
  if (!isJsonObject(entry)) return '';
  if (typeof entry['name'] === 'string') return entry['name'];
  for (const value of Object.values(entry)) {
    const name = isJsonObject(value) ? (value['name'] ?? value['cluster_name']) : undefined;
    if (typeof name === 'string') return name;
  }
  return '';
}

/** Keeps the fields that the paths name; a path leads through lists. */
function mask(json: JsonObject, paths: readonly string[]): JsonObject {
  const kept: Record<string, Json | undefined> = {};
  if (json['@type'] !== undefined) kept['@type'] = json['@type'];
  for (const [field, value] of Object.entries(json)) {
    const inner = paths.flatMap((path) => {
      if (path === field) return [''];
      return path.startsWith(`${field}.`) ? [path.slice(field.length + 1)] : [];
    });
    if (inner.length === 0 || value === undefined) continue;
    const rest = inner.filter((path) => path !== '');
    kept[field] = rest.length < inner.length ? value : maskValue(value, rest);
  }
  return kept;
}

function maskValue(value: Json, paths: readonly string[]): Json {
  if (Array.isArray(value)) return value.map((item: Json) => maskValue(item, paths));
  return isJsonObject(value) ? mask(value, paths) : value;
}
