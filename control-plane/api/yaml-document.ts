import type { Origin, Problem } from '@lateen/sdk/base/problem';
import { fail, ok, type Result } from '@lateen/sdk/base/result';
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  visit,
} from 'yaml';
import { type FieldPath, formatPath, type Located, type Target } from './located.ts';

export interface YamlLimits {
  readonly fileBytesMax: number;
  readonly documentsMax: number;
  /** Anchored values that one document may repeat; stops "a billion laughs". */
  readonly aliasesMax: number;
  readonly depthMax: number;
}

export const YAML_LIMITS: YamlLimits = {
  fileBytesMax: 4 * 1024 * 1024,
  documentsMax: 10_000,
  aliasesMax: 100,
  depthMax: 64,
};

/** One document of a file: its plain value, and where each field of it stands. */
export interface YamlDocument {
  readonly value: unknown;
  readonly source: Located;
}

/**
 * Reads YAML or JSON text with any number of documents; empty ones are left out. Any fault of
 * syntax refuses the whole text: what follows a fault cannot be trusted.
 */
export function readYaml(
  file: string,
  text: string,
  limits: YamlLimits = YAML_LIMITS,
): Result<readonly YamlDocument[], readonly Problem[]> {
  const refuse = (message: string): Result<never, readonly Problem[]> =>
    fail([{ level: 'error', code: 'LAT0101', message, origin: { file } }]);
  if (text.length > limits.fileBytesMax) {
    return refuse(`the file is larger than ${limits.fileBytesMax} bytes`);
  }
  if (nestsWildly(text)) return refuse('brackets or dashes nest without end');
  const counter = new LineCounter();
  const lines = new SourceLines(file, text, counter);
  try {
    const parsed = parseAllDocuments(text, {
      lineCounter: counter,
      prettyErrors: false,
      merge: true,
      stringKeys: true,
      // The library compares every key with every other; ours is a set.
      uniqueKeys: false,
    });
    const documents = Array.isArray(parsed) ? parsed : [];
    if (documents.length > limits.documentsMax) {
      return refuse(`the file has more than ${limits.documentsMax} documents`);
    }
    const faults = documents.flatMap((document) => document.errors);
    if (faults.length > 0) {
      return fail(faults.slice(0, 5).map((fault) => syntaxProblem(fault, lines)));
    }
    return readValues(documents, lines, limits);
  } catch (error) {
    // The parser recurses: text that nests too deep overflows its stack, aliases run into limits.
    return refuse(`cannot be read as YAML: ${error instanceof Error ? error.message : error}`);
  }
}

/** Beyond this the parser's time grows with the square of the depth: seconds for a megabyte. */
const OPEN_MAX = 1000;

/**
 * A look at the text before the parser sees it. It knows nothing of quotes, so it may count too
 * much; no honest text comes near the bound.
 */
function nestsWildly(text: string): boolean {
  let open = 0;
  let dashes = 0;
  for (let index = 0; index < text.length; index++) {
    const char = text[index];
    if (char === '[' || char === '{') open += 1;
    else if ((char === ']' || char === '}') && open > 0) open -= 1;
    if (char === '-' || char === '?' || char === ':') dashes += 1;
    else if (char !== ' ') dashes = 0;
    if (open > OPEN_MAX || dashes > OPEN_MAX) return true;
  }
  return false;
}

function readValues(
  documents: readonly Document.Parsed[],
  lines: SourceLines,
  limits: YamlLimits,
): Result<readonly YamlDocument[], readonly Problem[]> {
  const values: YamlDocument[] = [];
  for (const document of documents) {
    if (document.contents === null) continue;
    const source = lines.located(document);
    const twice = duplicateKey(document);
    if (twice !== undefined) {
      const message = `YAML: the key ${JSON.stringify(twice.name)} stands twice in one map`;
      const origin = lines.originAt(twice.offset, twice.name.length);
      return fail([{ level: 'error', code: 'LAT0101', message, origin }]);
    }
    const value: unknown = document.toJS({ maxAliasCount: limits.aliasesMax });
    if (value === null || value === undefined) continue;
    if (depthOf(value, limits.depthMax) > limits.depthMax) {
      const message = `nests deeper than ${limits.depthMax} levels`;
      return fail([{ level: 'error', code: 'LAT0101', message, origin: source.at([]) }]);
    }
    values.push({ value, source });
  }
  return ok(values);
}

/** The first key that stands twice in one map. Which of the two was meant, nobody knows. */
function duplicateKey(
  document: Document.Parsed,
): { readonly name: string; readonly offset: number } | undefined {
  let found: { name: string; offset: number } | undefined;
  visit(document, {
    Map(_, map) {
      const names = new Set<string>();
      for (const { key } of map.items) {
        const name = keyOf(key);
        if (names.has(name) && name !== '<<') {
          found = { name, offset: isNode(key) ? (key.range?.[0] ?? 0) : 0 };
          return visit.BREAK;
        }
        names.add(name);
      }
      return undefined;
    },
  });
  return found;
}

function syntaxProblem(
  fault: { readonly message: string; readonly pos: readonly number[] },
  lines: SourceLines,
): Problem {
  const tabs = /tabs?/i.test(fault.message);
  return {
    level: 'error',
    code: 'LAT0101',
    message: `YAML: ${fault.message.split('\n')[0]}`,
    origin: lines.originAt(fault.pos[0] ?? 0, 1),
    ...(tabs ? { fix: 'indent with spaces; YAML allows no tabs' } : {}),
  };
}

const COLUMNS_SHOWN_MAX = 500;

/** Maps offsets in a text to lines and columns, and field paths to offsets. */
class SourceLines {
  readonly #file: string;
  readonly #text: string;
  readonly #counter: LineCounter;

  constructor(file: string, text: string, counter: LineCounter) {
    this.#file = file;
    this.#text = text;
    this.#counter = counter;
  }

  originAt(offset: number, length: number): Origin {
    const { line, col } = this.#counter.linePos(Math.min(offset, this.#text.length));
    const start = this.#counter.lineStarts[Math.max(0, line - 1)] ?? 0;
    const end = this.#text.indexOf('\n', start);
    const sourceLine = this.#text.slice(start, end < 0 ? undefined : end).replace(/\r$/, '');
    const room = Math.max(1, Math.min(sourceLine.length, COLUMNS_SHOWN_MAX) - col + 1);
    return {
      file: this.#file,
      line: Math.max(1, line),
      column: Math.max(1, col),
      length: Math.max(1, Math.min(length, room)),
      // A caret far to the right of a line that nobody reads to its end shows nothing.
      ...(col <= COLUMNS_SHOWN_MAX ? { sourceLine: sourceLine.slice(0, COLUMNS_SHOWN_MAX) } : {}),
    };
  }

  located(document: Document.Parsed): Located {
    return {
      file: this.#file,
      at: (path, target = 'value') => {
        const node = nodeAt(document, path, target);
        const path_ = formatPath(path);
        const [start, end] = node?.range ?? document.range;
        return { ...this.originAt(start, end - start), ...(path_ === '' ? {} : { path: path_ }) };
      },
    };
  }
}

type Ranged = Node & { range?: readonly [number, number, number] | null };

/** The node at the path, or the nearest one above it. */
function nodeAt(document: Document.Parsed, path: FieldPath, target: Target): Ranged | undefined {
  let node: Ranged | undefined = isNode(document.contents) ? document.contents : undefined;
  let key: Ranged | undefined;
  for (const part of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find((item) => keyOf(item.key) === String(part));
      if (pair === undefined || !isPair(pair)) return key ?? node;
      key = isNode(pair.key) ? pair.key : key;
      node = isNode(pair.value) ? pair.value : key;
    } else if (isSeq(node)) {
      const item = node.items[Number(part)];
      if (!isNode(item)) return key ?? node;
      node = item;
      key = item;
    } else {
      return key ?? node;
    }
  }
  return target === 'key' ? (key ?? node) : node;
}

function keyOf(key: unknown): string {
  return typeof key === 'object' && key !== null && 'value' in key
    ? String(key.value)
    : String(key);
}

/** Stops counting beyond the limit, so that the check itself never recurses far. */
function depthOf(value: unknown, limit: number): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (limit < 0) return 1;
  let deepest = 0;
  for (const child of Object.values(value)) {
    deepest = Math.max(deepest, depthOf(child, limit - 1));
    if (deepest > limit) break;
  }
  return deepest + 1;
}
