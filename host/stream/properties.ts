import { hostname } from 'node:os';
import * as status from '@lateen/sdk/abi/status';
import type { JsonObject } from '@lateen/sdk/base/json';
import type { Plugin } from '../filter/plugin.ts';
import type { PropertyPath, PropertySink, RootProperties } from '../wasm/effects.ts';
import { filterStateReader } from './filter-state.ts';
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

/** Makes the reader of what lies below a path, e.g. one header or one metadata key. */
export type ReadBelow = (keys: readonly string[]) => ReadValue;

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
  start: number,
  end: number,
  sink: PropertySink,
): number {
  return readerOf(path, start, end)(source, sink);
}

/** The same for a path that the host keeps: what it leads to is looked up once. */
export function readPropertyAt(
  source: PropertySource,
  path: PropertyPath,
  sink: PropertySink,
): number {
  path.reader ??= findPath(path.bytes, 0, path.bytes.length).read;
  return (path.reader as ReadValue)(source, sink);
}

/** What a root context can read: the node, by `node` and `xds.node`, and the machine's `hostname`. */
export function rootProperties(node: JsonObject): RootProperties {
  return {
    readProperty(path, start, end, sink) {
      const keys = Buffer.from(path.buffer, path.byteOffset + start, end - start)
        .toString('utf8')
        .split('\0');
      if (keys[0] === 'hostname') return sink.text(hostname());
      if (keys[0] === 'xds') keys.shift();
      return keys[0] === 'node' ? readNode(node, keys.slice(1), sink) : status.NOT_FOUND;
    },
  };
}

interface WholePath {
  readonly bytes: Uint8Array;
  readonly read: ReadValue;
}

const NO_PATH: WholePath = { bytes: new Uint8Array(0), read: () => status.NOT_FOUND };

/** Paths that modules ask for are few, short and come again: their readers are made once. */
const MADE_MAX = 1024;
const MADE_BYTES_MAX = 256;
let made = 0;
const WHOLE = new Map<number, WholePath[]>();
const MADE = new Map<number, WholePath[]>();
const BELOW = new Map<string, ReadBelow>();
for (const family of [MESSAGE_PROPERTIES, CONNECTION_PROPERTIES, XDS_PROPERTIES]) {
  for (const [name, read] of Object.entries(family.values)) {
    const bytes = Uint8Array.from(Buffer.from(name.replaceAll('.', '\0'), 'latin1'));
    add(WHOLE, { bytes, read }, hashBytes(bytes, 0, bytes.length));
  }
  for (const [name, read] of Object.entries(family.below)) BELOW.set(name, read);
}

/**
 * The paths of a module are literals: they stand where they stood the last time. What stood there
 * is only a guess, and the bytes prove it.
 */
const GUESSES = 1024;
const guesses: WholePath[] = Array.from({ length: GUESSES }, () => NO_PATH);

function readerOf(path: Uint8Array, start: number, end: number): ReadValue {
  const place = (start >> 2) & (GUESSES - 1);
  const guess = guesses[place];
  if (sameBytes(guess.bytes, path, start, end)) return guess.read;
  const known = findPath(path, start, end);
  guesses[place] = known;
  return known.read;
}

function findPath(path: Uint8Array, start: number, end: number): WholePath {
  // Some SDKs end the path with the separator.
  const stop = end > start && path[end - 1] === 0 ? end - 1 : end;
  const hash = hashBytes(path, start, stop);
  const known = find(WHOLE.get(hash), path, start, stop) ?? find(MADE.get(hash), path, start, end);
  if (known !== null) return known;
  const bytes = path.slice(start, end);
  const made = { bytes, read: makeReader(Buffer.from(bytes).toString('utf8').split('\0')) };
  if (bytes.length <= MADE_BYTES_MAX) remember(made, hash);
  return made;
}

function remember(path: WholePath, hash: number): void {
  if (made === MADE_MAX) {
    MADE.clear();
    made = 0;
  }
  made++;
  add(MADE, path, hash);
}

function find(
  entries: readonly WholePath[] | undefined,
  path: Uint8Array,
  start: number,
  end: number,
): WholePath | null {
  if (entries === undefined) return null;
  for (const entry of entries) if (sameBytes(entry.bytes, path, start, end)) return entry;
  return null;
}

function add(paths: Map<number, WholePath[]>, path: WholePath, hash: number): void {
  const entries = paths.get(hash);
  if (entries === undefined) paths.set(hash, [path]);
  else entries.push(path);
}

function makeReader(keys: readonly string[]): ReadValue {
  for (let length = Math.min(3, keys.length); length > 0; length--) {
    const below = BELOW.get(keys.slice(0, length).join('.'));
    if (below !== undefined) return below(keys.slice(length));
  }
  return filterStateReader(keys[0]);
}

function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0;
  for (let i = start; i < end; i++) hash = (Math.imul(hash, 31) + bytes[i]) | 0;
  return hash;
}

/** Four bytes at a time: every property that is read is compared once, and is mostly the same. */
function sameBytes(name: Uint8Array, path: Uint8Array, start: number, end: number): boolean {
  const size = name.length;
  if (size !== end - start) return false;
  let i = 0;
  for (let at = start; i + 4 <= size; i += 4, at += 4) {
    const differing =
      (name[i] ^ path[at]) |
      (name[i + 1] ^ path[at + 1]) |
      (name[i + 2] ^ path[at + 2]) |
      (name[i + 3] ^ path[at + 3]);
    if (differing !== 0) return false;
  }
  for (; i < size; i++) if (name[i] !== path[start + i]) return false;
  return true;
}
