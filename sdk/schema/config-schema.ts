import { isJsonObject, type Json, type JsonObject } from '../base/json.ts';
import { fail, ok, type Result } from '../base/result.ts';
import { suggest } from '../base/suggest.ts';

const DEPTH_MAX = 8;
const FIELDS_MAX = 256;

interface Described {
  readonly description: string;
}

export interface TextSchema extends Described {
  readonly kind: 'string';
  readonly default: string;
  readonly choices: readonly string[];
  readonly lengthMin: number;
  readonly lengthMax: number;
}

export interface NumberSchema extends Described {
  readonly kind: 'integer' | 'number';
  readonly default: number;
  readonly min: number;
  readonly max: number;
}

export interface FlagSchema extends Described {
  readonly kind: 'boolean';
  readonly default: boolean;
}

export interface ListSchema extends Described {
  readonly kind: 'array';
  readonly items: FieldSchema;
  readonly itemsMin: number;
  readonly itemsMax: number;
}

export interface ObjectSchema extends Described {
  readonly kind: 'object';
  readonly fields: ReadonlyMap<string, FieldSchema>;
  readonly required: readonly string[];
}

export type FieldSchema = TextSchema | NumberSchema | FlagSchema | ListSchema | ObjectSchema;

/** What a keyword may be, for each type. `title` and those with `$` say nothing about values. */
const KEYWORDS: Readonly<Record<FieldSchema['kind'], readonly string[]>> = {
  string: ['default', 'enum', 'minLength', 'maxLength'],
  integer: ['default', 'minimum', 'maximum'],
  number: ['default', 'minimum', 'maximum'],
  boolean: ['default'],
  array: ['items', 'minItems', 'maxItems'],
  object: ['properties', 'required', 'additionalProperties'],
};
const EVERYWHERE = ['type', 'title', 'description', '$schema', '$id', '$comment', 'examples'];

/** A schema that cannot be used: the message names the place. */
class SchemaFault extends Error {}

/**
 * Reads a filter's `config.schema.json`: the part of JSON Schema 2020-12 from which a reader in
 * AssemblyScript can be made as well. Types with their bounds, `enum` of strings, defaults, nested
 * objects and lists; objects are closed. No references, no combinations, no patterns: a schema may
 * come from strangers, and checking by it takes a time that its size bounds.
 */
export function parseConfigSchema(text: string): Result<ObjectSchema, string> {
  try {
    const budget = { fields: FIELDS_MAX };
    const schema = parseField(parseJson(text), '', DEPTH_MAX, budget);
    if (schema.kind !== 'object') throw new SchemaFault('the schema: "type" must be "object"');
    return ok(schema);
  } catch (error) {
    if (error instanceof SchemaFault) return fail(error.message);
    throw error;
  }
}

function parseJson(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    throw new SchemaFault(`the schema is no JSON: ${(error as Error).message}`);
  }
}

function parseField(
  json: Json | undefined,
  path: string,
  depth: number,
  budget: { fields: number },
): FieldSchema {
  const at = path === '' ? 'the schema' : path;
  if (!isJsonObject(json)) throw new SchemaFault(`${at}: must be an object`);
  if (depth === 0) throw new SchemaFault(`${at}: nested more than ${DEPTH_MAX} deep`);
  if (budget.fields-- === 0) throw new SchemaFault(`more than ${FIELDS_MAX} fields`);
  const kind = json['type'] as FieldSchema['kind'];
  if (typeof kind !== 'string' || !Object.hasOwn(KEYWORDS, kind)) {
    throw new SchemaFault(`${at}: "type" must be one of ${Object.keys(KEYWORDS).join(', ')}`);
  }
  refuseOthers(json, [...EVERYWHERE, ...KEYWORDS[kind]], at);
  const below = (value: Json | undefined, name: string) =>
    parseField(value, path === '' ? name : `${path}.${name}`, depth - 1, budget);
  if (kind === 'object') return parseObject(json, at, below);
  if (kind === 'array') {
    return {
      kind,
      description: textOf(json, 'description', at),
      items: below(json['items'], 'items'),
      itemsMin: numberOf(json, 'minItems', 0, at),
      itemsMax: numberOf(json, 'maxItems', Number.POSITIVE_INFINITY, at),
    };
  }
  return parseScalar(json, kind, at);
}

function refuseOthers(json: JsonObject, known: readonly string[], at: string): void {
  for (const name of Object.keys(json)) {
    if (known.includes(name)) continue;
    const near = suggest(name, known);
    const hint = near === undefined ? '' : ` Did you mean "${near}"?`;
    throw new SchemaFault(`${at}: "${name}" is not supported.${hint}`);
  }
}

function parseObject(
  json: JsonObject,
  at: string,
  below: (value: Json | undefined, name: string) => FieldSchema,
): ObjectSchema {
  if (json['additionalProperties'] !== undefined && json['additionalProperties'] !== false) {
    throw new SchemaFault(`${at}: "additionalProperties" can only be false`);
  }
  const properties = json['properties'] ?? {};
  if (!isJsonObject(properties)) throw new SchemaFault(`${at}: "properties" must be an object`);
  const fields = new Map<string, FieldSchema>();
  for (const [name, value] of Object.entries(properties)) {
    if (!/^[A-Za-z_]\w{0,63}$/.test(name)) {
      throw new SchemaFault(`${at}: "${name}" is no name of letters, digits and _`);
    }
    fields.set(name, below(value, name));
  }
  const required = textsOf(json, 'required', at);
  const unknown = required.find((name) => !fields.has(name));
  if (unknown !== undefined) throw new SchemaFault(`${at}: no property is named "${unknown}"`);
  return { kind: 'object', description: textOf(json, 'description', at), fields, required };
}

function parseScalar(
  json: JsonObject,
  kind: 'string' | 'integer' | 'number' | 'boolean',
  at: string,
): FieldSchema {
  const description = textOf(json, 'description', at);
  const fallback = json['default'];
  if (kind === 'boolean') {
    if (fallback !== undefined && typeof fallback !== 'boolean') {
      throw new SchemaFault(`${at}: "default" must be true or false`);
    }
    return { kind, description, default: fallback ?? false };
  }
  if (kind === 'string') {
    return {
      kind,
      description,
      default: textOf(json, 'default', at),
      choices: textsOf(json, 'enum', at),
      lengthMin: numberOf(json, 'minLength', 0, at),
      lengthMax: numberOf(json, 'maxLength', Number.POSITIVE_INFINITY, at),
    };
  }
  const number = numberOf(json, 'default', 0, at);
  if (kind === 'integer' && !Number.isSafeInteger(number)) {
    throw new SchemaFault(`${at}: "default" must be an integer`);
  }
  return {
    kind,
    description,
    default: number,
    min: numberOf(json, 'minimum', Number.NEGATIVE_INFINITY, at),
    max: numberOf(json, 'maximum', Number.POSITIVE_INFINITY, at),
  };
}

function textOf(json: JsonObject, name: string, at: string): string {
  const value = json[name] ?? '';
  if (typeof value !== 'string') throw new SchemaFault(`${at}: "${name}" must be a string`);
  return value;
}

function textsOf(json: JsonObject, name: string, at: string): readonly string[] {
  const value = json[name] ?? [];
  if (!Array.isArray(value) || value.some((item) => typeof item !== 'string')) {
    throw new SchemaFault(`${at}: "${name}" must be a list of strings`);
  }
  return value as string[];
}

function numberOf(json: JsonObject, name: string, fallback: number, at: string): number {
  const value = json[name] ?? fallback;
  if (typeof value !== 'number') throw new SchemaFault(`${at}: "${name}" must be a number`);
  return value;
}
