import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ObjectSchema, parseConfigSchema } from './config-schema.ts';
import { generateReader } from './generate-reader.ts';
import { putTable } from './generate-table.ts';

/** What a filter's schema makes of the files beside it. */
export interface ConfigFiles {
  readonly schema: ObjectSchema;
  /** The text of config.schema.json, for the module's custom section. */
  readonly text: string;
  /** Paths and what they should hold. */
  readonly files: readonly { readonly path: string; readonly text: string }[];
}

/**
 * What config.schema.json of a filter's folder says that `assembly/config.gen.ts` and the README
 * hold. Undefined where the folder has no schema; throws where the schema cannot be used.
 */
export function configFiles(folder: string): ConfigFiles | undefined {
  const path = join(folder, 'config.schema.json');
  if (!existsSync(path)) return undefined;
  const text = readFileSync(path, 'utf8');
  const schema = parseConfigSchema(text);
  if (!schema.ok) throw new Error(`${path}: ${schema.error}`);
  const files = [
    { path: join(folder, 'assembly/config.gen.ts'), text: generateReader(schema.value) },
  ];
  const readme = join(folder, 'README.md');
  if (existsSync(readme)) {
    files.push({ path: readme, text: putTable(readFileSync(readme, 'utf8'), schema.value) });
  }
  return { schema: schema.value, text, files };
}

/** Writes those that are not as they should be; returns their paths. */
export function writeConfigFiles({ files }: ConfigFiles): readonly string[] {
  const stale = files.filter(
    ({ path, text }) => !existsSync(path) || readFileSync(path, 'utf8') !== text,
  );
  for (const { path, text } of stale) writeFileSync(path, text);
  return stale.map(({ path }) => path);
}
