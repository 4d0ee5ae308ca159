import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Json } from '../base/json.ts';
import { configFiles } from './build-config.ts';
import { checkConfig } from './check-config.ts';
import { type ObjectSchema, parseConfigSchema } from './config-schema.ts';
import { generateReader } from './generate-reader.ts';
import { generateTable, putTable } from './generate-table.ts';
import { addSchemaSection, readSchemaSection } from './schema-section.ts';

const SCHEMA = {
  type: 'object',
  required: ['name'],
  properties: {
    name: { type: 'string', minLength: 1, maxLength: 5, description: 'Who | what.' },
    mode: { type: 'string', enum: ['fast', 'safe'], default: 'safe' },
    count: { type: 'integer', minimum: 1, maximum: 9, default: 3 },
    ratio: { type: 'number' },
    on: { type: 'boolean', default: true },
    rules: {
      type: 'array',
      maxItems: 2,
      items: { type: 'object', properties: { path: { type: 'string' } } },
    },
    limits: { type: 'object', properties: { size: { type: 'integer' } } },
  },
};

function parsed(schema: object = SCHEMA): ObjectSchema {
  const result = parseConfigSchema(JSON.stringify(schema));
  if (!result.ok) throw new Error(result.error);
  return result.value;
}

/** `path message` of each fault. */
function faults(config: Json): string[] {
  return checkConfig(parsed(), config).map(({ path, message }) => `${path} ${message}`);
}

test('what keeps to the schema has no faults', () => {
  const rules = [{ path: '/a' }, {}];
  expect(faults({ name: 'a', mode: 'fast', count: 9, ratio: 0.5, on: false, rules })).toEqual([]);
  expect(faults({ name: 'a', limits: { size: 7 }, count: null })).toEqual([]);
});

test.each([
  [{}, ['name is required']],
  [{ name: '' }, ['name is shorter than 1']],
  [{ name: 'abcdef', count: 0 }, ['name is longer than 5', 'count is below 1']],
  [{ name: 7 }, ['name is not a string']],
  [{ name: 'a', count: 1.5 }, ['count is not an integer']],
  [{ name: 'a', count: 10 }, ['count is above 9']],
  [{ name: 'a', mode: 'fas' }, ['mode is not one of fast, safe']],
  [
    { name: 'a', rules: [{ path: 1 }, { pth: '' }] },
    ['rules[0].path is not a string', 'rules[1].pth is not supported'],
  ],
  [{ name: 'a', rules: [{}, {}, {}] }, ['rules has more than 2 items']],
  [{ name: 'a', limits: [] }, ['limits is not an object']],
  [{ name: 'a', on: 'yes' }, ['on is not true or false']],
  [[], [' is not an object']],
  ['text', [' is not an object']],
])('%o: %j', (config, wanted) => {
  expect(faults(config as Json)).toEqual(wanted);
});

test('names that are near are proposed', () => {
  const [fault, value] = checkConfig(parsed(), { name: 'a', cuont: 1, mode: 'saef' });
  expect([fault, value].map((one) => one?.fix).sort()).toEqual([
    'did you mean count?',
    'did you mean safe?',
  ]);
});

test('any configuration is judged, and at most 20 faults are told', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (config) => {
      expect(checkConfig(parsed(), config as Json).length).toBeLessThanOrEqual(20);
    }),
  );
});

test.each([
  ['{', /^the schema is no JSON: /],
  ['[]', 'the schema: must be an object'],
  ['{"type":"string"}', 'the schema: "type" must be "object"'],
  [
    { type: 'object', propertis: {} },
    'the schema: "propertis" is not supported. Did you mean "properties"?',
  ],
  [{ type: 'object', properties: { a: { type: 'text' } } }, /^a: "type" must be one of string, /],
  [
    { type: 'object', properties: { a: { type: 'string', pattern: 'x' } } },
    'a: "pattern" is not supported.',
  ],
  [
    { type: 'object', properties: { 'a-b': { type: 'string' } } },
    'the schema: "a-b" is no name of letters, digits and _',
  ],
  [{ type: 'object', required: ['a'] }, 'the schema: no property is named "a"'],
  [
    { type: 'object', additionalProperties: true },
    'the schema: "additionalProperties" can only be false',
  ],
])('the schema %o is refused: %s', (schema, message) => {
  const text = typeof schema === 'string' ? schema : JSON.stringify(schema);
  const result = parseConfigSchema(text);
  if (message instanceof RegExp)
    expect(result).toMatchObject({ error: expect.stringMatching(message) });
  else expect(result).toEqual({ ok: false, error: message });
});

test('a schema that nests without end or has very many fields is refused', () => {
  let nested: object = { type: 'object' };
  for (let i = 0; i < 20; i++) nested = { type: 'object', properties: { a: nested } };
  expect(() => parsed(nested)).toThrow('nested more than 8 deep');
  const many = Array.from({ length: 300 }, (_, i) => [`f${i}`, { type: 'string' }]);
  expect(() => parsed({ type: 'object', properties: Object.fromEntries(many) })).toThrow(
    'more than 256',
  );
});

test('the reader has a typed field for each property', () => {
  const text = generateReader(parsed());
  for (const line of [
    "  mode: string = 'safe';",
    '  count: i64 = 3;',
    '  ratio: f64 = 0;',
    '  rules: Array<ConfigRules> = [];',
    '  limits: ConfigLimits = new ConfigLimits();',
  ]) {
    expect(text).toContain(line);
  }
});

test('the table has a row for each field, also of nested objects', () => {
  const table = generateTable(parsed());
  expect(table).toContain('| `name` | string, 1 to 5 letters | required | Who \\| what. |');
  expect(table).toContain('| `mode` | `fast` or `safe` | `safe` |  |');
  expect(table).toContain('| `rules[].path` | string |  |  |');
  expect(putTable('no marks', parsed())).toBe('no marks');
});

test('a module carries its schema, and is still a module', () => {
  const empty = Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
  expect(readSchemaSection(empty)).toBeUndefined();
  const text = JSON.stringify({ ...SCHEMA, description: 'ä'.repeat(300) });
  const carrying = addSchemaSection(addSchemaSection(empty, text), 'a later one');
  expect(() => new WebAssembly.Module(carrying)).not.toThrow();
  expect(readSchemaSection(carrying)).toBe(text);
  for (let size = 0; size < carrying.length; size += 7) {
    expect([text, undefined]).toContain(readSchemaSection(carrying.subarray(0, size)));
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      const module = Buffer.concat([empty, bytes]);
      expect(['string', 'undefined']).toContain(typeof readSchemaSection(module));
    }),
  );
});

const folders = ['templates', 'examples'].flatMap((room) => {
  const path = join(import.meta.dirname, '..', room);
  return existsSync(path) ? readdirSync(path).map((name) => join(path, name)) : [];
});

test.each(folders)('what is made from the schema of %s is fresh', (folder) => {
  for (const { path, text } of configFiles(folder)?.files ?? []) {
    expect(readFileSync(path, 'utf8'), path).toBe(text);
  }
});
