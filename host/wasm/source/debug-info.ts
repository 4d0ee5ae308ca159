import { BinaryReader } from '../binary-reader.ts';
import { type ModuleShape, SECTION } from '../module-shape.ts';

/** What leads from a place in the compiled module to its source; crosses threads. */
export interface DebugInfo {
  /** See `originalPosition`. */
  readonly pieces: Uint32Array;
  /** Text of the source map; empty = none. */
  readonly sourceMap: string;
}

/** Reads the source map that a module names by a path beside it; null where there is none. */
export type ReadSourceMap = (url: string) => Promise<string | null>;

const SOURCE_MAP_BYTES_MAX = 8 * 1024 * 1024;
const SECTION_NAME = 'sourceMappingURL';
const DATA_URL = /^data:application\/json[^,]*;base64,/;

/**
 * The source map of a module: embedded as a `data:` URL in its `sourceMappingURL` section, or
 * beside it, if `read` can reach it. Empty where there is none or it is too large.
 */
export async function loadSourceMap(
  bytes: Uint8Array,
  shape: ModuleShape,
  read: ReadSourceMap | undefined,
): Promise<string> {
  const url = sourceMapUrl(bytes, shape);
  if (url === null) return '';
  const embedded = DATA_URL.exec(url);
  if (embedded !== null) {
    return Buffer.from(url.slice(embedded[0].length), 'base64').toString('utf8');
  }
  if (read === undefined || url.includes(':')) return '';
  const text = await read(url);
  return text !== null && text.length <= SOURCE_MAP_BYTES_MAX ? text : '';
}

function sourceMapUrl(bytes: Uint8Array, shape: ModuleShape): string | null {
  for (const { id, start, end } of shape.sections) {
    if (id !== SECTION.custom || end - start > SOURCE_MAP_BYTES_MAX) continue;
    const reader = new BinaryReader(bytes, start, end);
    // Names of custom sections may be anything; only ours is read further.
    if (!startsWith(bytes, start, SECTION_NAME)) continue;
    reader.name();
    return reader.name();
  }
  return null;
}

function startsWith(bytes: Uint8Array, at: number, name: string): boolean {
  if (bytes[at] !== name.length) return false;
  return Buffer.from(bytes.subarray(at + 1, at + 1 + name.length)).toString('latin1') === name;
}
