import * as status from '@lateen/sdk/abi/status';
import { NO_BYTES } from '@lateen/sdk/base/bytes';
import type { Json, JsonObject } from '@lateen/sdk/base/json';
import { isJsonObject } from '@lateen/sdk/base/json';
import type { PropertySink } from '../wasm/effects.ts';
import { encodePairs } from '../wasm/pairs.ts';
import { filterStateReader } from './filter-state.ts';
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

/** The `filter_metadata` of Metadata messages: Envoy's have no other field that people name. */
const METADATA: Readonly<Record<string, ReadMetadata>> = {
  cluster_metadata: ({ stream }) => stream.info.cluster?.metadata,
  listener_metadata: ({ stream }) => stream.service.listener.metadata,
  route_metadata: ({ stream }) => stream.filters.selected?.route.metadata,
  virtual_host_metadata: ({ stream }) => stream.filters.selected?.virtualHost.metadata,
  upstream_host_metadata: ({ stream }) => stream.info.host?.metadata,
};

const NODE: Readonly<Record<string, ReadMetadata>> = { node: ({ stream }) => stream.services.node };

/** Properties of the configuration that the stream meets, and of the module itself. */
export const XDS_PROPERTIES: PropertyFamily = {
  values: {
    ...twice(TEXTS, asValue),
    ...twice(METADATA, wholeMetadata),
    ...twice(NODE, (read) => jsonReader(read, [])),
    'xds.listener_direction': ({ stream }, sink) => sink.int64(stream.service.listener.direction),
    listener_direction: ({ stream }, sink) => sink.int64(stream.service.listener.direction),
    plugin_name: ({ plugin }, sink) => sink.text(plugin.name),
    plugin_root_id: ({ plugin }, sink) => sink.text(plugin.rootId),
    plugin_vm_id: ({ plugin }, sink) => sink.text(plugin.vmId),
  },
  below: {
    ...twice(METADATA, belowMetadata),
    ...twice(NODE, (read) => (keys: readonly string[]) => jsonReader(read, keys)),
    filter_state: filterState,
    upstream_filter_state: filterState,
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
  return (source, sink) => {
    const metadata = read(source);
    return metadata === undefined ? status.NOT_FOUND : encoded({ filter_metadata: metadata })(sink);
  };
}

function belowMetadata(read: ReadMetadata): ReadBelow {
  return (keys) => {
    const path = keys.filter((key) => key !== '');
    if (path.length === 0) return wholeMetadata(read);
    if (path[0] !== 'filter_metadata' && path[0] !== 'filterMetadata')
      return () => status.NOT_FOUND;
    return jsonReader(read, path.slice(1));
  };
}

type Encoded = (sink: PropertySink) => number;

/** Configuration does not change in place, so what a path leads to is encoded once for each. */
function jsonReader(read: ReadMetadata, keys: readonly string[]): ReadValue {
  const known = new WeakMap<JsonObject, Encoded>();
  let lastRoot: JsonObject | undefined;
  let last: Encoded | undefined;
  return (source, sink) => {
    const root = read(source);
    if (root === undefined) return status.NOT_FOUND;
    if (root === lastRoot && last !== undefined) return last(sink);
    let write = known.get(root);
    if (write === undefined) {
      write = encoded(valueAt(root, keys));
      known.set(root, write);
    }
    lastRoot = root;
    last = write;
    return write(sink);
  };
}

/** What stands at `keys` in the node of the bootstrap. */
export function readNode(node: JsonObject, keys: readonly string[], sink: PropertySink): number {
  return encoded(valueAt(node, keys))(sink);
}

function valueAt(root: JsonObject, keys: readonly string[]): Json | undefined {
  let value: Json | undefined = root;
  for (const key of keys) if (key !== '') value = step(value, key);
  return value;
}

function step(value: Json | undefined, key: string): Json | undefined {
  if (Array.isArray(value)) return /^\d{1,6}$/.test(key) ? value[Number(key)] : undefined;
  if (!isJsonObject(value)) return undefined;
  if (Object.hasOwn(value, key)) return value[key];
  const camel = key.replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase());
  return Object.hasOwn(value, camel) ? value[camel] : undefined;
}

/** Scalars as they are; a list or an object as pairs, as Envoy encodes lists and maps. */
function encoded(value: Json | undefined): Encoded {
  if (value === undefined || value === null) return () => status.NOT_FOUND;
  if (typeof value === 'number') return (sink) => sink.double(value);
  if (typeof value === 'boolean') return (sink) => sink.boolean(value);
  const bytes = typeof value === 'string' ? Buffer.from(value) : encodedPairs(value);
  return (sink) => sink.bytes(bytes, 0, bytes.length);
}

/** An empty list or map is no byte at all. */
function encodedPairs(value: JsonObject | readonly Json[]): Uint8Array {
  const pairs = pairsOf(value);
  return pairs.length === 0 ? NO_BYTES : encodePairs(pairs);
}

function pairsOf(value: JsonObject | readonly Json[]): [Uint8Array, Uint8Array][] {
  const entries = Array.isArray(value)
    ? value.map((item) => [scalarText(item), ''] as const)
    : Object.entries(value).map(([key, item]) => [key, scalarText(item)] as const);
  return entries.map(([key, item]) => [Buffer.from(key), Buffer.from(item)]);
}

function scalarText(value: Json | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null);
}

function filterState(keys: readonly string[]): ReadValue {
  return filterStateReader(keys.join('.').replace(/^wasm\./, ''));
}
