import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { configFiles, writeConfigFiles } from './build-config.ts';
import { addSchemaSection, readSchemaSection } from './schema-section.ts';

/**
 * Makes what a filter's config.schema.json declares: `assembly/config.gen.ts` and the table in its
 * README; and puts the schema into the module, where one is named and has none yet.
 *
 *     node sdk/schema/build.ts FOLDER [MODULE]
 */
const [folder = '.', module] = process.argv.slice(2);
const made = configFiles(folder);
if (made !== undefined) {
  for (const path of writeConfigFiles(made)) console.error(`wrote ${path}`);
  if (module !== undefined && existsSync(module)) {
    const bytes = readFileSync(module);
    if (readSchemaSection(bytes) === undefined) {
      writeFileSync(module, addSchemaSection(bytes, made.text));
    }
  }
}
