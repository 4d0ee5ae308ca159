import type { Json, JsonObject } from '@lateen/sdk/base/json';
import { isJsonObject } from '@lateen/sdk/base/json';
import type { Origin, Problem } from '@lateen/sdk/base/problem';
import type { FieldPath } from '@lateen/sdk/xds/fault';
import {
  type Document,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseDocument,
} from 'yaml';

/** YAML (or JSON, which YAML contains) with a place in the file for every field. */
export interface SourceDocument {
  readonly file: string;
  readonly json: Json;
  /** Where a field stands, or the nearest one around it; `key` = the name, not the value. */
  locate(path: FieldPath, key?: boolean): Origin;
}

const ALIASES_MAX = 100;
const PROBLEMS_MAX = 20;

/** Parses one document; problems carry file, line and column. */
export function parseSource(
  text: string,
  file: string,
): { readonly document: SourceDocument | null; readonly problems: readonly Problem[] } {
  const lines = new LineCounter();
  const parsed = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: true,
    resolveKnownTags: false,
    logLevel: 'error',
  });
  const place = originMaker(text, file, lines);
  const problems = parsed.errors.slice(0, PROBLEMS_MAX).map((error) => {
    return syntaxProblem(error.message, place(error.pos[0], error.pos[1]));
  });
  if (problems.length > 0) return { document: null, problems };
  let json: Json;
  try {
    json = (parsed.toJS({ maxAliasCount: ALIASES_MAX }) ?? null) as Json;
  } catch {
    const message = `aliases expand to more than ${ALIASES_MAX} times their size`;
    return { document: null, problems: [syntaxProblem(message, { file })] };
  }
  const locate = (path: FieldPath, key = false) => {
    const range = rangeOf(parsed, path, key);
    return range === undefined ? { file } : place(range[0], range[1]);
  };
  return { document: { file, json, locate }, problems: [] };
}

function syntaxProblem(message: string, origin: Origin): Problem {
  return { level: 'error', code: 'LAT0101', message, origin };
}

function originMaker(text: string, file: string, lines: LineCounter) {
  return (start: number, end: number): Origin => {
    const { line, col } = lines.linePos(start);
    const lineStart = lines.lineStarts[line - 1] ?? 0;
    const lineEnd = lines.lineStarts[line] ?? text.length + 1;
    const sourceLine = text.slice(lineStart, lineEnd - 1).trimEnd();
    const length = Math.max(1, Math.min(end, lineStart + sourceLine.length) - start);
    return { file, line, column: col, sourceLine, length };
  };
}

type Range = readonly [start: number, end: number];

function rangeOf(document: Document, path: FieldPath, wantKey: boolean): Range | undefined {
  let node: unknown = document.contents;
  let best = scalarRange(node);
  let depth = 0;
  for (const step of path) {
    const found = childOf(node, step);
    if (found === undefined) break;
    depth++;
    const onKey = isPair(found) && (wantKey || depth < path.length || !isScalar(found.value));
    node = isPair(found) ? found.value : found;
    best = (onKey ? scalarRange((found as Pair).key) : scalarRange(node)) ?? best;
  }
  return best;
}

function scalarRange(node: unknown): Range | undefined {
  if (!isScalar(node) && !isMap(node) && !isSeq(node)) return undefined;
  const range = node.range;
  if (range === undefined || range === null) return undefined;
  return isScalar(node) ? [range[0], range[1]] : [range[0], range[0] + 1];
}

/** The item of a list, or the pair of a map: by its name in either spelling. */
function childOf(node: unknown, step: string | number): unknown {
  if (isSeq(node)) return typeof step === 'number' ? node.items[step] : undefined;
  if (!isMap(node)) return undefined;
  const named = (name: string) =>
    node.items.find((pair) => isScalar(pair.key) && pair.key.value === name);
  const text = String(step);
  return named(text) ?? named(camelCase(text)) ?? named(snakeCase(text));
}

function camelCase(name: string): string {
  return name.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/**
 * Merges as protobuf does (`--config-yaml` over `-c`): messages by field, lists appended, all else
 * replaced.
 */
export function mergeJson(base: JsonObject, over: JsonObject): JsonObject {
  const merged: Record<string, Json | undefined> = { ...base };
  for (const [name, value] of Object.entries(over)) {
    const other = [name, camelCase(name), snakeCase(name)].find((key) => merged[key] !== undefined);
    const known = other === undefined ? undefined : merged[other];
    if (Array.isArray(known) && Array.isArray(value)) merged[other!] = [...known, ...value];
    else if (isJsonObject(known) && isJsonObject(value)) merged[other!] = mergeJson(known, value);
    else merged[other ?? name] = value;
  }
  return merged;
}
