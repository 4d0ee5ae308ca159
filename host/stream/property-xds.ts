import * as status from '@lateen/sdk/abi/status';
import type { Json, JsonObject } from '@lateen/sdk/base/json';
import { isJsonObject } from '@lateen/sdk/base/json';
import { HeaderMap } from '../http/header-map.ts';
import type { PropertySink } from '../wasm/effects.ts';
import type { PropertyFamily, PropertySource, ReadBelow, ReadValue } from './properties.ts';

type ReadText = (source: PropertySource) => string | undefined;
type ReadMetadata = (source: PropertySource) => JsonObject | undefined;

/** Names with and without `xds.` in front: filters of 2021 and Istio's use the bare ones. */
const TEXTS: Readonly<Record<string, ReadText>> = {
  cluster_name: ({ stream }) => stream.filters.selected?.clusterName,
  route_name: ({ stream }) => stream.filters.selected?.route.name,
  virtual_host_name: ({ stream }) => stream.filters.selected?.virtualHost.name,
  filter_chain_name: ({ stream }) => stream.service.listener.filterChainName,
  listener_name: ({ stream }) => stream.service.listener.name,
};

const METADATA: Readonly<Record<string, ReadMetadata>> = {
  node: ({ stream }) => stream.services.node,
  cluster_metadata: ({ stream }) => wrapped(stream.info.cluster?.metadata),
  listener_metadata: ({ stream }) => wrapped(stream.service.listener.metadata),
  route_metadata: ({ stream }) => wrapped(stream.filters.selected?.route.metadata),
  virtual_host_metadata: ({ stream }) => wrapped(stream.filters.selected?.virtualHost.metadata),
  upstream_host_metadata: ({ stream }) => wrapped(stream.info.host?.metadata),
};

/** Properties of the configuration that the stream meets, and of the module itself. */
export const XDS_PROPERTIES: PropertyFamily = {
  values: {
    ...twice(TEXTS, asValue),
    ...twice(METADATA, wholeMetadata),
    'xds.listener_direction': ({ stream }, sink) => sink.int64(stream.service.listener.direction),
    listener_direction: ({ stream }, sink) => sink.int64(stream.service.listener.direction),
    plugin_name: ({ plugin }, sink) => sink.text(plugin.name),
    plugin_root_id: ({ plugin }, sink) => sink.text(plugin.rootId),
    plugin_vm_id: ({ plugin }, sink) => sink.text(plugin.vmId),
  },
  below: {
    ...twice(METADATA, belowMetadata),
    filter_state: readFilterState,
    upstream_filter_state: readFilterState,
  },
};

function twice<From, To>(
  table: Readonly<Record<string, From>>,
  make: (read: From) => To,
): Record<string, To> {
  const result: Record<string, To> = {};
  for (const [name, read] of Object.entries(table)) {
    result[name] = make(read);
    result[`xds.${name}`] = make(read);
  }
  return result;
}

function asValue(read: ReadText): ReadValue {
  return (source, sink) => {
    const text = read(source);
    return text === undefined || text === '' ? status.NOT_FOUND : sink.text(text);
  };
}

function wholeMetadata(read: ReadMetadata): ReadValue {
  return (source, sink) => writeJson(read(source), sink);
}

function belowMetadata(read: ReadMetadata): ReadBelow {
  return (source, keys, sink) => {
    let value: Json | undefined = read(source);
    for (const key of keys) {
      if (key === '' && value !== undefined) continue;
      value = step(value, key);
    }
    return writeJson(value, sink);
  };
}

/** What stands at `keys` in the node of the bootstrap. */
export function readNode(node: JsonObject, keys: readonly string[], sink: PropertySink): number {
  let value: Json | undefined = node;
  for (const key of keys) if (key !== '') value = step(value, key);
  return writeJson(value, sink);
}

/** Envoy's Metadata message has one field that people name: `filter_metadata`. */
function wrapped(metadata: JsonObject | undefined): JsonObject | undefined {
  return metadata === undefined ? undefined : { filter_metadata: metadata };
}

function step(value: Json | undefined, key: string): Json | undefined {
  if (Array.isArray(value)) return /^\d{1,6}$/.test(key) ? value[Number(key)] : undefined;
  if (!isJsonObject(value)) return undefined;
  if (Object.hasOwn(value, key)) return value[key];
  const camel = key.replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase());
  return Object.hasOwn(value, camel) ? value[camel] : undefined;
}

/** Scalars as they are; a list or an object as pairs, as Envoy encodes lists and maps. */
function writeJson(value: Json | undefined, sink: PropertySink): number {
  if (value === undefined || value === null) return status.NOT_FOUND;
  if (typeof value === 'string') return sink.text(value);
  if (typeof value === 'number') return sink.double(value);
  if (typeof value === 'boolean') return sink.boolean(value);
  const map = new HeaderMap();
  const entries = Array.isArray(value)
    ? value.map((item) => [scalarText(item), ''] as const)
    : Object.entries(value).map(([key, item]) => [key, scalarText(item)] as const);
  for (const [key, item] of entries) {
    const name = Buffer.from(key);
    const text = Buffer.from(item);
    map.add(name, 0, name.length, text, 0, text.length);
  }
  return sink.pairs(map);
}

function scalarText(value: Json | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null);
}

function readFilterState(
  { stream }: PropertySource,
  keys: readonly string[],
  sink: PropertySink,
): number {
  const name = keys.join('.').replace(/^wasm\./, '');
  const value = stream.filters.filterState.get(name);
  return value === undefined ? status.NOT_FOUND : sink.bytes(value, 0, value.length);
}
