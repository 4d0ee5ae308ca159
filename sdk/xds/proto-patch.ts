import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A field that Envoy added later (a line of `overlay/newer/fields.txt`). */
export interface NewerField {
  readonly message: string;
  readonly name: string;
  readonly number: number;
  readonly type: string;
  readonly repeated: boolean;
  /** The oneof of the message that it belongs to; empty = none. */
  readonly oneof: string;
}

/** Which file declares a top-level message or enum, by full name. */
export type TypeIndex = ReadonlyMap<string, string>;

/** Reads `fields.txt`; a malformed line is a programmer's mistake and throws. */
export function parseNewerFields(text: string): readonly NewerField[] {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return lines.map((line) => {
    const [message, name, number, type, oneof = ''] = line.split(' ');
    if (message === undefined || name === undefined || type === undefined) {
      throw new Error(`fields.txt: malformed line: ${line}`);
    }
    const repeated = type.startsWith('[]');
    return { message, name, number: Number(number), type: type.replace('[]', ''), repeated, oneof };
  });
}

/** The top-level types that a .proto source declares, by full name. */
export function declaredTypes(source: string): readonly string[] {
  const packageName = /^package\s+([\w.]+);/m.exec(source)?.[1] ?? '';
  return [...source.matchAll(/^(?:message|enum)\s+(\w+)/gm)].map((m) => `${packageName}.${m[1]}`);
}

/** The source of one file with the newer fields and messages that belong to it. */
export function patchProto(
  { name, source }: { readonly name: string; readonly source: string },
  fields: readonly NewerField[],
  newerDir: string,
  index: TypeIndex,
): string {
  const packageName = /^package\s+([\w.]+);/m.exec(source)?.[1] ?? '';
  const own = new Set(declaredTypes(source));
  const imports = new Set<string>();
  let text = source;
  for (const field of fields) {
    if (!own.has(topLevel(field.message, packageName))) continue;
    text = insertField(text, field, field.message.slice(packageName.length + 1).split('.'));
    addImport(imports, field.type, index);
  }
  const snippetPath = join(newerDir, name);
  if (existsSync(snippetPath)) {
    const snippet = readFileSync(snippetPath, 'utf8');
    for (const match of snippet.matchAll(/^import "(.+)";$/gm)) imports.add(match[1]!);
    text += `\n${snippet.replaceAll(/^import .*$/gm, '')}`;
  }
  imports.delete(name);
  const missing = [...imports].filter((path) => !text.includes(`"${path}"`));
  const lines = missing.map((path) => `import "${path}";`).join('\n');
  return text.replace(/^package\s+[\w.]+;/m, (line) => `${line}\n\n${lines}`);
}

function topLevel(message: string, packageName: string): string {
  if (!message.startsWith(`${packageName}.`)) return '';
  return `${packageName}.${message.slice(packageName.length + 1).split('.')[0]}`;
}

/** Puts the field right behind the opening brace of its message or oneof (made where it is new). */
function insertField(source: string, field: NewerField, path: readonly string[]): string {
  let at = 0;
  for (const header of path.map((part) => `message ${part} {`)) {
    const found = source.indexOf(header, at);
    if (found < 0) throw new Error(`${field.message}: no "${header}" to add ${field.name} to`);
    at = found + header.length;
  }
  const label = field.repeated ? 'repeated ' : '';
  let line = `\n  ${label}${protoType(field.type)} ${field.name} = ${field.number};`;
  if (field.oneof !== '') {
    const header = `oneof ${field.oneof} {`;
    const end = source.indexOf('\n}', at);
    const found = source.indexOf(header, at);
    if (found >= 0 && found < end) at = found + header.length;
    else line = `\n  ${header}${line}\n  }`;
  }
  return source.slice(0, at) + line + source.slice(at);
}

function protoType(type: string): string {
  if (type.includes('.')) return `.${type}`;
  return /^[A-Z]/.test(type) ? `.google.protobuf.${type}` : type;
}

const WELL_KNOWN = new Map([
  ['Duration', 'duration'],
  ['Struct', 'struct'],
]);

function addImport(imports: Set<string>, type: string, index: TypeIndex): void {
  if (/^[A-Z]/.test(type)) {
    imports.add(`google/protobuf/${WELL_KNOWN.get(type) ?? 'wrappers'}.proto`);
    return;
  }
  if (!type.includes('.')) return;
  for (let name = type; name !== ''; name = name.slice(0, Math.max(0, name.lastIndexOf('.')))) {
    const file = index.get(name);
    if (file !== undefined) {
      imports.add(file);
      return;
    }
  }
}
