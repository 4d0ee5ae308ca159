import * as status from '@lateen/sdk/abi/status';
import type { JsonObject } from '@lateen/sdk/base/json';
import type { Plugin } from '../filter/plugin.ts';
import type { ByteRange } from '../filter/slot.ts';
import type { PropertySink, RootProperties } from '../wasm/effects.ts';
import { CONNECTION_PROPERTIES } from './property-connection.ts';
import { MESSAGE_PROPERTIES } from './property-message.ts';
import { readNode, XDS_PROPERTIES } from './property-xds.ts';
import type { HttpStream } from './stream.ts';

/** Whose property is read. */
export interface PropertySource {
  readonly stream: HttpStream;
  readonly plugin: Plugin;
}

/** Writes a value into the sink and returns its status; NOT_FOUND where there is none. */
export type ReadValue = (source: PropertySource, sink: PropertySink) => number;

/** Reads what lies below a path, e.g. one header or one metadata key. */
export type ReadBelow = (
  source: PropertySource,
  keys: readonly string[],
  sink: PropertySink,
) => number;

/** Properties by path, segments joined by a dot: whole paths, and prefixes with keys below. */
export interface PropertyFamily {
  readonly values: Readonly<Record<string, ReadValue>>;
  readonly below: Readonly<Record<string, ReadBelow>>;
}

/**
 * One property of a stream, by Envoy's attribute names
 * (https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/advanced/attributes). Whole
 * paths are found by a hash over the bytes that the module passed, and proved by the bytes.
 */
export function readProperty(
  source: PropertySource,
  path: Uint8Array,
  range: ByteRange,
  sink: PropertySink,
): number {
  const entry = findWhole(path, range.start, range.end);
  if (entry !== null) return entry.read(source, sink);
  return readBelow(source, path, range, sink);
}

/** What a root context can read: the node, by `node` and `xds.node`. */
export function rootProperties(node: JsonObject): RootProperties {
  return {
    readProperty(path, start, end, sink) {
      const keys = Buffer.from(path.buffer, path.byteOffset + start, end - start)
        .toString('utf8')
        .split('\0');
      if (keys[0] === 'xds') keys.shift();
      return keys[0] === 'node' ? readNode(node, keys.slice(1), sink) : status.NOT_FOUND;
    },
  };
}

interface WholePath {
  readonly bytes: Uint8Array;
  readonly read: ReadValue;
}

const WHOLE = new Map<number, WholePath[]>();
const BELOW = new Map<string, ReadBelow>();
for (const family of [MESSAGE_PROPERTIES, CONNECTION_PROPERTIES, XDS_PROPERTIES]) {
  for (const [name, read] of Object.entries(family.values)) {
    const bytes = Buffer.from(name.replaceAll('.', '\0'), 'latin1');
    const hash = hashBytes(bytes, 0, bytes.length);
    WHOLE.set(hash, [...(WHOLE.get(hash) ?? []), { bytes, read }]);
  }
  for (const [name, read] of Object.entries(family.below)) BELOW.set(name, read);
}

function findWhole(path: Uint8Array, start: number, end: number): WholePath | null {
  // Some SDKs end the path with the separator.
  const stop = end > start && path[end - 1] === 0 ? end - 1 : end;
  const entries = WHOLE.get(hashBytes(path, start, stop));
  if (entries === undefined) return null;
  for (const entry of entries) if (sameBytes(entry.bytes, path, start, stop)) return entry;
  return null;
}

function readBelow(
  source: PropertySource,
  path: Uint8Array,
  range: ByteRange,
  sink: PropertySink,
): number {
  const text = Buffer.from(path.buffer, path.byteOffset + range.start, range.end - range.start);
  const keys = text.toString('utf8').split('\0');
  for (let length = Math.min(3, keys.length); length > 0; length--) {
    const read = BELOW.get(keys.slice(0, length).join('.'));
    if (read !== undefined) return read(source, keys.slice(length), sink);
  }
  return readFilterState(source, keys[0], sink);
}

/** An unknown first segment reads what `proxy_set_property` wrote (Envoy: `wasm.<segment>`). */
function readFilterState(source: PropertySource, name: string, sink: PropertySink): number {
  const value = source.stream.filters.filterState.get(name);
  return value === undefined ? status.NOT_FOUND : sink.bytes(value, 0, value.length);
}

function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0;
  for (let i = start; i < end; i++) hash = (Math.imul(hash, 31) + bytes[i]) | 0;
  return hash;
}

function sameBytes(name: Uint8Array, path: Uint8Array, start: number, end: number): boolean {
  if (name.length !== end - start) return false;
  for (let i = 0; i < name.length; i++) if (name[i] !== path[start + i]) return false;
  return true;
}
