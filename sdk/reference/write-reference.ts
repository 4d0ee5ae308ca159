import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type PublicSymbol, readSymbols } from './read-symbols.ts';

/** A file of the SDK that exports something. */
export interface ReferenceFile {
  /** `bytes/bytes`: what an import names behind `@lateen/sdk/assembly/`. */
  readonly path: string;
  readonly symbols: readonly PublicSymbol[];
}

/** Folders in the order of the reference, and what each is about. */
const FOLDERS: readonly (readonly [string, string])[] = [
  ['context', 'Contexts: the life of streams, and calls that are answered later'],
  ['host', 'Calls of the host'],
  ['web', 'URLs, queries, cookies'],
  ['json', 'JSON'],
  ['crypto', 'Digests, secrets, tokens'],
  ['time', 'Time'],
  ['bytes', 'Bytes, texts and tables'],
  ['match', "Envoy's matchers"],
  ['.', 'The rest'],
];
/** The raw imports, and what the compiler calls by itself. */
const HIDDEN = new Set(['env', 'abort', 'index']);

/** All files of `sdk/assembly` that an author may import, by folder. */
export function readReference(root: string): readonly ReferenceFile[] {
  return FOLDERS.flatMap(([folder]) =>
    readdirSync(join(root, folder))
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
      .map((name) => name.slice(0, -3))
      .filter((name) => folder !== '.' || !HIDDEN.has(name))
      .sort()
      .map((name) => {
        const path = folder === '.' ? name : `${folder}/${name}`;
        return { path, symbols: readSymbols(readFileSync(join(root, `${path}.ts`), 'utf8')) };
      })
      .filter(({ symbols }) => symbols.length > 0),
  );
}

/** The text of REFERENCE.md. */
export function writeReference(files: readonly ReferenceFile[]): string {
  const parts = ['# Reference of the AssemblyScript SDK', ''];
  parts.push('Made from the sources by `node sdk/reference/build.ts`. A file is imported as');
  parts.push('`@lateen/sdk/assembly/FILE`; README.md is the guide.', '');
  for (const [folder, title] of FOLDERS) {
    const own = files.filter(({ path }) => folderOf(path) === folder);
    if (own.length === 0) continue;
    parts.push(`## ${title}`, '');
    for (const file of own) parts.push(`### ${file.path}`, '', ...file.symbols.flatMap(entryOf));
  }
  return `${parts.join('\n').trimEnd()}\n`;
}

function entryOf({ signature, doc, member }: PublicSymbol): string[] {
  const text = doc.replaceAll('\n', member ? '\n  ' : '\n');
  if (member) return [`- \`${signature}\`${doc === '' ? '' : `  \n  ${text}`}`, ''];
  return [`**\`${signature}\`**`, '', ...(doc === '' ? [] : [text, ''])];
}

function folderOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : '.';
}
