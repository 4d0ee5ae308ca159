import type { FieldSchema, ObjectSchema } from './config-schema.ts';

const BEGIN = '<!-- config: made from config.schema.json -->';
const END = '<!-- /config -->';

/** The table of a filter's fields, for its README. */
export function generateTable(schema: ObjectSchema): string {
  const rows = rowsOf(schema, '');
  if (rows.length === 0) return 'There is nothing to configure.';
  const lines = rows.map(
    ({ path, field, required }) =>
      `| \`${path}\` | ${typeOf(field)} | ${required ? 'required' : defaultOf(field)} | ${cell(field.description)} |`,
  );
  return ['| field | type | default | |', '| --- | --- | --- | --- |', ...lines].join('\n');
}

/** The README with the table between its two marks; a README without marks is left as it is. */
export function putTable(readme: string, schema: ObjectSchema): string {
  const [start, end] = [readme.indexOf(BEGIN), readme.indexOf(END)];
  if (start < 0 || end < start) return readme;
  return `${readme.slice(0, start + BEGIN.length)}\n\n${generateTable(schema)}\n\n${readme.slice(end)}`;
}

interface Row {
  readonly path: string;
  readonly field: FieldSchema;
  readonly required: boolean;
}

function rowsOf(schema: ObjectSchema, before: string): Row[] {
  return [...schema.fields].flatMap(([name, field]) => {
    const path = before + name;
    const row = { path, field, required: schema.required.includes(name) };
    if (field.kind === 'object') return [row, ...rowsOf(field, `${path}.`)];
    if (field.kind === 'array' && field.items.kind === 'object') {
      return [row, ...rowsOf(field.items, `${path}[].`)];
    }
    return [row];
  });
}

function typeOf(field: FieldSchema): string {
  switch (field.kind) {
    case 'string':
      return field.choices.length === 0
        ? `string${bounds(field.lengthMin || Number.NEGATIVE_INFINITY, field.lengthMax, ' letters')}`
        : field.choices.map((choice) => `\`${choice}\``).join(' or ');
    case 'integer':
    case 'number':
      return field.kind + bounds(field.min, field.max, '');
    case 'array':
      return `list of ${typeOf(field.items)}${bounds(field.itemsMin || Number.NEGATIVE_INFINITY, field.itemsMax, ' items')}`;
    default:
      return field.kind;
  }
}

function bounds(min: number, max: number, unit: string): string {
  if (Number.isFinite(min) && Number.isFinite(max)) return `, ${min} to ${max}${unit}`;
  if (Number.isFinite(min)) return `, at least ${min}${unit}`;
  return Number.isFinite(max) ? `, at most ${max}${unit}` : '';
}

function defaultOf(field: FieldSchema): string {
  if (field.kind === 'object' || field.kind === 'array') return '';
  return field.default === '' ? '' : `\`${field.default}\``;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');
}
