import type { FieldSchema, ListSchema, ObjectSchema } from './config-schema.ts';

const HEAD = `/**
 * Generated from config.schema.json by \`lateen filter build\`: change that file, not this one.
 */
import {
  acceptConfiguration,
  readConfigurationJson,
} from '@lateen/sdk/assembly/json/configuration';
import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
`;

const LOAD = `
  /** The configuration at hand; null, and the host knows why, where it breaks the schema. */
  static load(): Config | null {
    const reader = readConfigurationJson();
    if (reader === null) return null;
    const config = new Config();
    config.read(reader);
    return acceptConfiguration(reader) ? config : null;
  }
`;

/** The text of `assembly/config.gen.ts`: a class `Config` with a typed field for each property. */
export function generateReader(schema: ObjectSchema): string {
  const classes: string[] = [];
  writeClass('Config', schema, classes);
  return HEAD + classes.join('');
}

/** The classes of nested objects come before the one that holds them. */
function writeClass(name: string, schema: ObjectSchema, classes: string[]): void {
  const fields = [...schema.fields];
  for (const [key, field] of fields) {
    const inner = field.kind === 'array' ? field.items : field;
    if (inner.kind === 'object') writeClass(name + pascal(key), inner, classes);
  }
  const declarations = fields.map(
    ([key, field]) =>
      `${docOf(field)}  ${key}: ${typeOf(name + pascal(key), field)} = ${initial(name + pascal(key), field)};\n`,
  );
  const reads = fields.flatMap(([key, field]) => readLines(name, key, field));
  const required = schema.required.map(
    (key) => `    if (!reader.has('${key}')) reader.complain('${key}', 'is required');\n`,
  );
  const doc = schema.description === '' ? '' : `/** ${safe(schema.description)} */\n`;
  classes.push(
    `\n${doc}export class ${name} {\n${declarations.join('')}${name === 'Config' ? LOAD : ''}\n` +
      `  read(reader: JsonReader): void {\n${required.join('')}${reads.join('')}    reader.refuseUnread();\n  }\n}\n`,
  );
}

function readLines(owner: string, key: string, field: FieldSchema): string[] {
  const lines = [`    this.${key} = ${readOf(key, field)};\n`];
  const check = (condition: string, message: string) =>
    lines.push(
      `    if (reader.has('${key}') && ${condition}) reader.complain('${key}', ${quoted(message)});\n`,
    );
  switch (field.kind) {
    case 'string': {
      const others = field.choices.map((choice) => `this.${key} !== ${quoted(choice)}`);
      if (others.length > 0) {
        check(others.join(' && '), `is not one of ${field.choices.join(', ')}`);
      }
      if (field.lengthMin > 0) {
        check(`this.${key}.length < ${field.lengthMin}`, `is shorter than ${field.lengthMin}`);
      }
      if (Number.isFinite(field.lengthMax)) {
        check(`this.${key}.length > ${field.lengthMax}`, `is longer than ${field.lengthMax}`);
      }
      return lines;
    }
    case 'integer':
    case 'number':
      if (Number.isFinite(field.min)) check(`this.${key} < ${field.min}`, `is below ${field.min}`);
      if (Number.isFinite(field.max)) check(`this.${key} > ${field.max}`, `is above ${field.max}`);
      return lines;
    case 'object':
      return [`    this.${key}.read(reader.child('${key}'));\n`];
    case 'array':
      return listLines(owner, key, field);
    case 'boolean':
      return lines;
  }
}

function listLines(owner: string, key: string, field: ListSchema): string[] {
  const lines =
    field.items.kind === 'object'
      ? [
          `    const ${key} = reader.children('${key}');\n`,
          `    for (let i = 0; i < ${key}.length; i++) {\n`,
          `      const item = new ${owner}${pascal(key)}();\n`,
          `      item.read(${key}[i]);\n`,
          `      this.${key}.push(item);\n    }\n`,
        ]
      : [`    this.${key} = reader.texts('${key}');\n`];
  if (field.items.kind === 'string' && field.items.choices.length > 0) {
    const others = field.items.choices.map((choice) => `this.${key}[i] !== ${quoted(choice)}`);
    lines.push(
      `    for (let i = 0; i < this.${key}.length; i++) {\n`,
      `      if (${others.join(' && ')})\n`,
      `        reader.complain('${key}', ${quoted(`is not one of ${field.items.choices.join(', ')}`)});\n    }\n`,
    );
  }
  const bound = (condition: string, message: string) =>
    lines.push(
      `    if (reader.has('${key}') && this.${key}.length ${condition}) reader.complain('${key}', '${message}');\n`,
    );
  if (field.itemsMin > 0) bound(`< ${field.itemsMin}`, `has fewer than ${field.itemsMin} items`);
  if (Number.isFinite(field.itemsMax)) {
    bound(`> ${field.itemsMax}`, `has more than ${field.itemsMax} items`);
  }
  return lines;
}

function readOf(key: string, field: FieldSchema): string {
  switch (field.kind) {
    case 'string':
      return `reader.text('${key}', ${quoted(field.default)})`;
    case 'integer':
      return `reader.whole('${key}', ${field.default})`;
    case 'number':
      return `reader.float('${key}', ${field.default})`;
    default:
      return `reader.flag('${key}', ${field.kind === 'boolean' ? field.default : false})`;
  }
}

function typeOf(nested: string, field: FieldSchema): string {
  switch (field.kind) {
    case 'string':
      return 'string';
    case 'integer':
      return 'i64';
    case 'number':
      return 'f64';
    case 'boolean':
      return 'bool';
    case 'object':
      return nested;
    case 'array':
      return `Array<${typeOf(nested, field.items)}>`;
  }
}

function initial(nested: string, field: FieldSchema): string {
  switch (field.kind) {
    case 'string':
      return quoted(field.default);
    case 'object':
      return `new ${nested}()`;
    case 'array':
      return '[]';
    default:
      return String(field.default);
  }
}

function docOf(field: FieldSchema): string {
  return field.description === '' ? '' : `  /** ${safe(field.description)} */\n`;
}

function pascal(key: string): string {
  return key.charAt(0).toUpperCase() + key.slice(1);
}

/** A literal of AssemblyScript; JSON's escapes are understood there too. */
function quoted(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}

/** Text that cannot end the comment it stands in. */
function safe(text: string): string {
  return text.replaceAll('*/', '* /').replaceAll(/\s+/g, ' ').trim();
}
