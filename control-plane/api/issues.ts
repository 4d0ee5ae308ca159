import type { Problem } from '@lateen/sdk/base/problem';
import { suggest } from '@lateen/sdk/base/suggest';
import type * as z from 'zod';
import { type FieldPath, formatPath, type Located } from './located.ts';
import { fieldsAt, findField } from './schema-shape.ts';

type Issue = z.core.$ZodIssue;

/** Where a schema was applied: the value, its source, and what to call it in a problem. */
export interface Judged {
  readonly schema: z.ZodType;
  readonly value: unknown;
  readonly source: Located;
  readonly resource: string;
  /** Where the value stands in its object, for paths in messages. */
  readonly prefix: FieldPath;
}

/** More than this from one object tells the reader nothing new. */
const PROBLEMS_MAX = 20;

/** What the schema says about the value, in the words and with the hints a user needs. */
export function problemsOf(issues: readonly Issue[], judged: Judged): readonly Problem[] {
  return issues.flatMap((issue) => problemsOfIssue(issue, judged)).slice(0, PROBLEMS_MAX);
}

function problemsOfIssue(issue: Issue, judged: Judged): readonly Problem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownField(key, issue.path, judged));
  }
  if (issue.code === 'invalid_type') return [wrongType(issue, judged)];
  if (issue.code === 'invalid_value') return [wrongValue(issue, judged)];
  if (issue.code === 'invalid_key') {
    const inner = issue.issues[0];
    return [
      make(judged, issue.path, `is no valid key: ${inner?.message ?? ''}`, { target: 'key' }),
    ];
  }
  const fix = issue.code === 'custom' ? issue.params?.['fix'] : undefined;
  const message = issue.code === 'invalid_union' ? 'has the wrong type' : lowerFirst(issue.message);
  return [make(judged, issue.path, message, typeof fix === 'string' ? { fix } : {})];
}

/** Words that users of older Istio, and of other people's examples, write in the wrong place. */
const KNOWN_MISTAKES: Readonly<Record<string, string>> = {
  source_ns: 'write from: [{source: {namespaces: [...]}}]',
  percent: 'write percentage: {value: 10}',
  mirror_percent: 'write mirrorPercentage: {value: 10}',
  httpStatusCode: 'write httpStatus',
  rule: 'write rules: and a list',
  append: 'write add: (appendHeaders is from Istio 1.0)',
  appendHeaders: 'write headers: {request: {add: {...}}}',
  removeResponseHeaders: 'write headers: {response: {remove: [...]}}',
  websocketUpgrade: 'leave it out',
};

function unknownField(key: string, path: readonly PropertyKey[], judged: Judged): Problem {
  const known = fieldsAt(judged.schema, path);
  const place = formatPath(fullPath(path, judged));
  const where = place === '' ? '' : ` in ${place}`;
  const near = suggest(key, known);
  const message = `unknown field ${JSON.stringify(key)}${where}`;
  const at: readonly PropertyKey[] = [...path, key];
  const options = { target: 'key' as const };
  if (near !== undefined) {
    return make(judged, at, `${message}; did you mean ${JSON.stringify(near)}?`, {
      ...options,
      fix: `write ${near}: instead of ${key}:`,
    });
  }
  const elsewhere = findField(judged.schema, key).filter((place) => place !== key);
  const hint = KNOWN_MISTAKES[key] ?? misplaced(key, path, judged, elsewhere);
  const list = known.length > 0 && known.length <= 12 ? ` (known here: ${known.join(', ')})` : '';
  return make(judged, at, message + list, hint === undefined ? options : { ...options, fix: hint });
}

function misplaced(
  key: string,
  path: readonly PropertyKey[],
  judged: Judged,
  elsewhere: readonly string[],
): string | undefined {
  const above = path.findIndex((_, index) =>
    fieldsAt(judged.schema, path.slice(0, index)).includes(key),
  );
  if (above >= 0) {
    const place = formatPath(fullPath(path.slice(0, above), judged));
    return `${key} belongs ${place === '' ? 'at the top' : `in ${place}`}, not here`;
  }
  return elsewhere.length > 0 ? `${key} belongs at ${elsewhere.join(' or ')}` : undefined;
}

function wrongType(issue: Issue & { code: 'invalid_type' }, judged: Judged): Problem {
  const found = valueAt(judged.value, issue.path);
  const name = String(issue.path.at(-1) ?? 'the document');
  if (found === undefined) {
    const parent = issue.path.slice(0, -1);
    return make(judged, parent, `required field ${JSON.stringify(name)} is missing`, {
      target: 'key',
      path: issue.path,
    });
  }
  const expected = EXPECTED[issue.expected] ?? issue.expected;
  const fix = fixFor(name, issue.expected, found);
  return make(
    judged,
    issue.path,
    `${name} must be ${expected}, not ${describe(found)}`,
    fix === undefined ? {} : { fix },
  );
}

const EXPECTED: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map of fields',
  record: 'a map',
};

const STRING_MATCHES = new Set(['uri', 'scheme', 'method', 'authority']);
const DURATIONS = /timeout|interval|delay|time|backoff|ttl|maxage|duration|rate/i;

/** The corrected line, for the mistakes that are made most. */
function fixFor(name: string, expected: string, found: unknown): string | undefined {
  const shown = JSON.stringify(found);
  if (expected === 'object' && typeof found === 'number') {
    if (/percentage$/i.test(name)) return `write ${name}: {value: ${shown}}`;
    if (name === 'port') return `write port: {number: ${shown}}`;
  }
  if (expected === 'object' && typeof found === 'string') {
    if (STRING_MATCHES.has(name)) return `write ${name}: {exact: ${shown}}`;
    if (name === 'destination') return `write destination: {host: ${found}}`;
    return `write ${name}: {exact: ${shown}} if this is a match`;
  }
  if (expected === 'array' && typeof found === 'object') {
    return `put a dash before the first field: ${name} is a list`;
  }
  if (expected === 'array') return `write ${name}: [${shown}]`;
  if (expected === 'string' && (typeof found === 'number' || typeof found === 'boolean')) {
    if (DURATIONS.test(name) && typeof found === 'number') return `write ${name}: ${found}s`;
    return `write it in quotes: "${String(found)}"`;
  }
  if ((expected === 'number' || expected === 'int') && typeof found === 'string') {
    return /^-?\d+$/.test(found) ? `write it without quotes: ${found}` : undefined;
  }
  if (expected === 'boolean' && typeof found === 'string') {
    if (/^(yes|on|true)$/i.test(found)) return `write ${name}: true`;
    if (/^(no|off|false)$/i.test(found)) return `write ${name}: false`;
  }
  return undefined;
}

function wrongValue(issue: Issue & { code: 'invalid_value' }, judged: Judged): Problem {
  const found = valueAt(judged.value, issue.path);
  const values = issue.values.map(String);
  const near = suggest(String(found), values);
  const hint = near === undefined ? '' : `; did you mean ${JSON.stringify(near)}?`;
  const message = `${String(issue.path.at(-1))} cannot be ${describe(found)}${hint} (one of ${values.join(', ')})`;
  return make(judged, issue.path, message, near === undefined ? {} : { fix: `write ${near}` });
}

interface MakeOptions {
  readonly target?: 'key' | 'value';
  readonly fix?: string;
  /** The path to name, where the caret has to stand elsewhere. */
  readonly path?: readonly PropertyKey[];
}

function make(
  judged: Judged,
  path: readonly PropertyKey[],
  message: string,
  options: MakeOptions = {},
): Problem {
  const origin = judged.source.at(toFieldPath(path), options.target ?? 'value');
  const named = options.path === undefined ? undefined : formatPath(fullPath(options.path, judged));
  return {
    level: 'error',
    code: 'IST0106',
    message,
    origin: {
      ...origin,
      resource: judged.resource,
      ...(named === undefined ? {} : { path: named }),
    },
    ...(options.fix === undefined ? {} : { fix: options.fix }),
  };
}

function fullPath(path: readonly PropertyKey[], judged: Judged): FieldPath {
  return [...judged.prefix, ...toFieldPath(path)];
}

function toFieldPath(path: readonly PropertyKey[]): FieldPath {
  return path.map((part) => (typeof part === 'symbol' ? String(part) : part));
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let current = value;
  for (const part of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, part)) {
      return undefined;
    }
    current = (current as Record<PropertyKey, unknown>)[part];
  }
  return current;
}

function describe(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  const text = JSON.stringify(value) ?? String(value);
  const shown = text.length > 60 ? `${text.slice(0, 57)}...` : text;
  return `the ${typeof value} ${shown}`;
}

function lowerFirst(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}
