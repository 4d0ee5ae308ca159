import { isJsonObject, type Json } from '../base/json.ts';
import { suggest } from '../base/suggest.ts';
import type {
  FieldSchema,
  ListSchema,
  NumberSchema,
  ObjectSchema,
  TextSchema,
} from './config-schema.ts';

/** What is wrong with a configuration, and at which field. */
export interface ConfigFault {
  /** `rules[2].path`; empty for the whole. */
  readonly path: string;
  /** Goes on after the field's name: `is not a number`. */
  readonly message: string;
  /** What to do, where that is known. */
  readonly fix?: string;
}

const FAULTS_MAX = 20;

/** All that is wrong with a configuration by its schema, the first 20; nothing: it is good. */
export function checkConfig(
  schema: ObjectSchema,
  config: Json | undefined,
): readonly ConfigFault[] {
  const faults: ConfigFault[] = [];
  checkField(schema, config ?? {}, '', faults);
  return faults.slice(0, FAULTS_MAX);
}

function checkField(schema: FieldSchema, value: Json, path: string, faults: ConfigFault[]): void {
  const wrong = wrongType(schema, value);
  if (wrong !== undefined) {
    faults.push({ path, message: wrong });
    return;
  }
  switch (schema.kind) {
    case 'object':
      checkObject(schema, value as { readonly [key: string]: Json }, path, faults);
      break;
    case 'array':
      checkList(schema, value as readonly Json[], path, faults);
      break;
    case 'string':
      faults.push(...textFaults(schema, value as string, path));
      break;
    case 'integer':
    case 'number':
      faults.push(...numberFaults(schema, value as number, path));
      break;
    case 'boolean':
  }
}

function wrongType(schema: FieldSchema, value: Json): string | undefined {
  switch (schema.kind) {
    case 'object':
      return isJsonObject(value) ? undefined : 'is not an object';
    case 'array':
      return Array.isArray(value) ? undefined : 'is not a list';
    case 'string':
      return typeof value === 'string' ? undefined : 'is not a string';
    case 'boolean':
      return typeof value === 'boolean' ? undefined : 'is not true or false';
    case 'number':
      return typeof value === 'number' ? undefined : 'is not a number';
    case 'integer':
      if (typeof value !== 'number') return 'is not a number';
      return Number.isInteger(value) ? undefined : 'is not an integer';
  }
}

/** A member that is null counts as absent, as the filter's reader has it. */
function checkObject(
  schema: ObjectSchema,
  value: { readonly [key: string]: Json },
  path: string,
  faults: ConfigFault[],
): void {
  const at = (name: string) => (path === '' ? name : `${path}.${name}`);
  for (const name of schema.required) {
    if ((value[name] ?? null) === null) faults.push({ path: at(name), message: 'is required' });
  }
  for (const [name, member] of Object.entries(value)) {
    const field = schema.fields.get(name);
    if (field !== undefined && member !== null) checkField(field, member, at(name), faults);
    if (field !== undefined) continue;
    const near = suggest(name, schema.fields.keys());
    const known = [...schema.fields.keys()].join(', ');
    const fix = near === undefined ? `fields here: ${known}` : `did you mean ${near}?`;
    faults.push({ path: at(name), message: 'is not supported', fix });
  }
}

function checkList(
  schema: ListSchema,
  value: readonly Json[],
  path: string,
  faults: ConfigFault[],
): void {
  if (value.length < schema.itemsMin) {
    faults.push({ path, message: `has fewer than ${schema.itemsMin} items` });
  }
  if (value.length > schema.itemsMax) {
    faults.push({ path, message: `has more than ${schema.itemsMax} items` });
    return;
  }
  for (const [index, item] of value.entries()) {
    if (faults.length >= FAULTS_MAX) return;
    checkField(schema.items, item, `${path}[${index}]`, faults);
  }
}

function textFaults(schema: TextSchema, value: string, path: string): ConfigFault[] {
  if (schema.choices.length > 0 && !schema.choices.includes(value)) {
    const near = suggest(value, schema.choices);
    const message = `is not one of ${schema.choices.join(', ')}`;
    return [
      near === undefined ? { path, message } : { path, message, fix: `did you mean ${near}?` },
    ];
  }
  if (value.length < schema.lengthMin) {
    return [{ path, message: `is shorter than ${schema.lengthMin}` }];
  }
  return value.length > schema.lengthMax
    ? [{ path, message: `is longer than ${schema.lengthMax}` }]
    : [];
}

function numberFaults(schema: NumberSchema, value: number, path: string): ConfigFault[] {
  if (value < schema.min) return [{ path, message: `is below ${schema.min}` }];
  return value > schema.max ? [{ path, message: `is above ${schema.max}` }] : [];
}
