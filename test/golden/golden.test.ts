import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openRegistry } from '@lateen/sdk/xds/registry';
import { beforeAll, describe, expect, it } from 'vitest';
import { joinCase, runCase, splitCase } from './golden-case.ts';

const FOLDER = import.meta.dirname;
const CASES = globSync('*/*.yaml', { cwd: FOLDER }).sort();
/** `GOLDEN=update` writes what comes out behind the dashes; the diff is then yours to judge. */
const UPDATE = process.env['GOLDEN'] === 'update';

describe('what resources become', () => {
  let registry: ReturnType<typeof openRegistry>;
  beforeAll(() => {
    registry = openRegistry();
  });

  it.each(CASES)('%s comes out as it is written there', (name) => {
    const path = join(FOLDER, name);
    const golden = splitCase(readFileSync(path, 'utf8'));
    const { text, snapshot } = runCase(golden.input, name);
    for (const resources of Object.values(snapshot)) {
      for (const [resource, json] of resources) {
        const encoded = registry.encode(json, resource);
        expect(encoded.ok ? [] : [encoded.error.message, encoded.error.origin]).toEqual([]);
      }
    }
    if (UPDATE) writeFileSync(path, joinCase({ input: golden.input, expected: text }));
    else expect(text).toBe(golden.expected);
  });
});
