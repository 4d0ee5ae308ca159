import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readSchemaSection } from '@lateen/sdk/schema/schema-section';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from '../../test/kit/child-process.ts';
import { TemporaryDirectory } from '../../test/kit/temporary-directory.ts';

const LATEEN = join(import.meta.dirname, '../bin/lateen.mjs');
const TEMPLATES = join(import.meta.dirname, '../../sdk/templates');

let directory: TemporaryDirectory;

beforeAll(async () => {
  directory = await TemporaryDirectory.make();
});

afterAll(() => directory[Symbol.asyncDispose]());

async function filter(...args: readonly string[]) {
  const cwd = directory.path;
  return run(process.execPath, [LATEEN, 'filter', ...args], {
    env: { NO_COLOR: '1' },
    cwd,
    deadlineMs: 30_000,
  });
}

test.each(readdirSync(TEMPLATES))(
  'of the template %s a filter is made and built',
  async (template) => {
    const name = `my-${template}`;
    expect(await filter('new', name, '--template', template)).toMatchObject({ code: 0 });
    expect(await filter('build', name, '--release')).toMatchObject({ code: 0 });
    const module = await readFile(directory.join(`${name}/${name}.wasm`));
    const schema = directory.join(`${name}/config.schema.json`);
    const wanted = existsSync(schema) ? await readFile(schema, 'utf8') : undefined;
    expect(readSchemaSection(module)).toBe(wanted);
    const ownTest = await readFile(directory.join(`${name}/filter.test.ts`), 'utf8');
    expect(ownTest).toContain(`'${name}.wasm'`);
  },
);
