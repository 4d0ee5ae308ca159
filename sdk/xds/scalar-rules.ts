import { isJsonObject, type JsonObject } from '../base/json.ts';
import { wellFormed } from './formats.ts';

/**
 * protoc-gen-validate's rules for single values. Each compiles to a function that returns what is
 * wrong, in the validator's words, or undefined. Rules come as the JSON of FieldRules: only what
 * is set is there.
 */
export type ValueCheck = (value: unknown) => string | undefined;

type RuleCompiler = (argument: unknown) => ValueCheck;

/** All of the checks in one; undefined where there are none. */
export function allOf(checks: readonly ValueCheck[]): ValueCheck | undefined {
  if (checks.length <= 1) return checks[0];
  return (value) => {
    for (const check of checks) {
      const fault = check(value);
      if (fault !== undefined) return fault;
    }
    return undefined;
  };
}

/** The check of `string`, `bytes` or numeric rules; undefined where nothing is ruled. */
export function compileScalarRules(kind: string, rules: JsonObject): ValueCheck | undefined {
  const check = allOf(compileAll(kind, rules));
  if (check === undefined || rules['ignoreEmpty'] !== true) return check;
  return (value) => (isEmpty(value) ? undefined : check(value));
}

function compileAll(kind: string, rules: JsonObject): ValueCheck[] {
  if (kind === 'string') {
    const strict = rules['strict'] !== false;
    return compileNamed(STRING_RULES, rules, strict);
  }
  if (kind === 'bytes') return compileNamed(BYTES_RULES, rules, true);
  return compileNumeric(rules);
}

function compileNamed(
  table: ReadonlyMap<string, RuleCompiler>,
  rules: JsonObject,
  strict: boolean,
): ValueCheck[] {
  return Object.entries(rules).flatMap(([name, argument]) => {
    if (argument === false && name !== 'const') return [];
    if (name === 'wellKnownRegex') return [checkFormat(`${argument}${strict ? '' : '_LAX'}`)];
    const compile = table.get(name);
    return compile === undefined ? [] : [compile(argument)];
  });
}

function isEmpty(value: unknown): boolean {
  if (value instanceof Uint8Array || typeof value === 'string') return value.length === 0;
  return value === 0 || value === 0n;
}

const characters = (value: unknown): number => [...String(value)].length;
const utf8 = new TextEncoder();
const byteLength = (value: unknown): number =>
  value instanceof Uint8Array ? value.length : utf8.encode(String(value)).length;

function measured(
  measure: (value: unknown) => number,
  unit: string,
): { min: RuleCompiler; max: RuleCompiler; exact: RuleCompiler } {
  return {
    min: (n) => (value) =>
      measure(value) < Number(n) ? `value length must be at least ${n} ${unit}` : undefined,
    max: (n) => (value) =>
      measure(value) > Number(n) ? `value length must be at most ${n} ${unit}` : undefined,
    exact: (n) => (value) =>
      measure(value) === Number(n) ? undefined : `value length must be ${n} ${unit}`,
  };
}

const inCharacters = measured(characters, 'characters');
const inBytes = measured(byteLength, 'bytes');

function listOf(argument: unknown): readonly unknown[] {
  return Array.isArray(argument) ? argument : [];
}

/** The API's patterns are its own, not a user's: they are few and linear in practice. */
function checkPattern(argument: unknown): ValueCheck {
  const pattern = new RegExp(String(argument), 'u');
  return (value) =>
    pattern.test(String(value)) ? undefined : `value does not match regex pattern "${argument}"`;
}

function checkFormat(name: string): ValueCheck {
  return (value) => wellFormed(name, String(value));
}

const STRING_RULES: ReadonlyMap<string, RuleCompiler> = new Map<string, RuleCompiler>([
  ['const', (a) => (v) => (v === a ? undefined : `value must equal ${a}`)],
  ['len', inCharacters.exact],
  ['minLen', inCharacters.min],
  ['maxLen', inCharacters.max],
  ['lenBytes', inBytes.exact],
  ['minBytes', inBytes.min],
  ['maxBytes', inBytes.max],
  ['pattern', checkPattern],
  [
    'prefix',
    (a) => (v) => (text(v).startsWith(text(a)) ? undefined : `value does not have prefix "${a}"`),
  ],
  [
    'suffix',
    (a) => (v) => (text(v).endsWith(text(a)) ? undefined : `value does not have suffix "${a}"`),
  ],
  [
    'contains',
    (a) => (v) =>
      text(v).includes(text(a)) ? undefined : `value does not contain substring "${a}"`,
  ],
  [
    'notContains',
    (a) => (v) => (text(v).includes(text(a)) ? `value contains substring "${a}"` : undefined),
  ],
  [
    'in',
    (a) => (v) =>
      listOf(a).includes(v) ? undefined : `value must be in list ${JSON.stringify(a)}`,
  ],
  [
    'notIn',
    (a) => (v) =>
      listOf(a).includes(v) ? `value must not be in list ${JSON.stringify(a)}` : undefined,
  ],
  ...['email', 'hostname', 'ip', 'ipv4', 'ipv6', 'uri', 'uriRef', 'address', 'uuid'].map(
    (name): [string, RuleCompiler] => [name, () => checkFormat(name)],
  ),
]);

const BYTES_RULES: ReadonlyMap<string, RuleCompiler> = new Map<string, RuleCompiler>([
  ['len', inBytes.exact],
  ['minLen', inBytes.min],
  ['maxLen', inBytes.max],
]);

function text(value: unknown): string {
  return String(value);
}

/** Numbers and bigints alike: 64-bit rules stand as strings in JSON. */
function compileNumeric(rules: JsonObject): ValueCheck[] {
  const limits: ValueCheck[] = [];
  for (const [name, argument] of Object.entries(rules)) {
    if (name === 'const') {
      limits.push((v) =>
        Number(v) === Number(argument) ? undefined : `value must equal ${argument}`,
      );
    } else if (name === 'in') {
      const list = listOf(argument).map(Number);
      limits.push((v) =>
        list.includes(Number(v)) ? undefined : `value must be in list [${list}]`,
      );
    } else if (name === 'notIn') {
      const list = listOf(argument).map(Number);
      limits.push((v) =>
        list.includes(Number(v)) ? `value must not be in list [${list}]` : undefined,
      );
    }
  }
  const range = compileRange(rules, Number, String);
  return range === undefined ? limits : [...limits, range];
}

/**
 * gt, gte, lt and lte together. A lower limit above the upper one means "outside of", as the
 * validator defines it.
 */
export function compileRange(
  rules: JsonObject,
  toNumber: (value: unknown) => number,
  show: (argument: unknown) => string,
): ValueCheck | undefined {
  const low = rules['gt'] ?? rules['gte'];
  const high = rules['lt'] ?? rules['lte'];
  const above = limitOf(low, rules['gt'] !== undefined, toNumber, 'greater');
  const below = limitOf(high, rules['lt'] !== undefined, toNumber, 'less');
  if (above === undefined && below === undefined) return undefined;
  const words = [above?.words, below?.words].filter((part) => part !== undefined);
  const shown = [low, high].filter((part) => part !== undefined).map(show);
  const both = above !== undefined && below !== undefined;
  const outside = both && above.limit > below.limit;
  const message = both
    ? `value must be ${outside ? 'outside' : 'inside'} range ${rangeText(rules, show)}`
    : `value must be ${words[0]} ${shown[0]}`;
  return (value) => {
    const number = toNumber(value);
    const isAbove = above === undefined || above.holds(number);
    const isBelow = below === undefined || below.holds(number);
    return (outside ? isAbove || isBelow : isAbove && isBelow) ? undefined : message;
  };
}

interface Limit {
  readonly limit: number;
  readonly words: string;
  holds(value: number): boolean;
}

function limitOf(
  argument: unknown,
  open: boolean,
  toNumber: (value: unknown) => number,
  word: 'greater' | 'less',
): Limit | undefined {
  if (argument === undefined) return undefined;
  const limit = toNumber(argument);
  const sign = word === 'greater' ? 1 : -1;
  return {
    limit,
    words: open ? `${word} than` : `${word} than or equal to`,
    holds: (value) => (open ? sign * (value - limit) > 0 : sign * (value - limit) >= 0),
  };
}

function rangeText(rules: JsonObject, show: (argument: unknown) => string): string {
  const left = rules['gt'] === undefined ? `[${show(rules['gte'])}` : `(${show(rules['gt'])}`;
  const right = rules['lt'] === undefined ? `${show(rules['lte'])}]` : `${show(rules['lt'])})`;
  return `${left}, ${right}`;
}

/** The named group of FieldRules (`string`, `uint32`, `duration`, ...) and its rules. */
export function ruleGroup(rules: JsonObject): readonly [string, JsonObject] | undefined {
  for (const [name, value] of Object.entries(rules)) {
    if (name !== 'message' && isJsonObject(value)) return [name, value];
  }
  return undefined;
}
