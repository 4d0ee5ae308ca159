import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const conditions = ['lateen-source', 'module', 'node', 'development'];

/**
 * Tests run on the pinned runtime even where the runner was started by the system's own, older
 * one: the workers are forked from `process.execPath`.
 */
const pinned = fileURLToPath(new URL('../node_modules/.bin/node', import.meta.url));
if (Number.parseInt(process.versions.node, 10) < 24 && existsSync(pinned)) {
  process.execPath = pinned;
}

/** One configuration for every room; `npm test` and `.ci/run` use it. */
// biome-ignore lint/style/noDefaultExport: vitest reads the default export.
export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ['{sdk,host,filters,control-plane,test}/**/*.test.ts'],
    // A template's filter.test.ts runs where the template was copied to.
    exclude: ['**/node_modules/**', '**/dist/**', 'sdk/templates/*/filter.test.ts'],
    pool: 'forks',
    execArgv: ['--conditions=lateen-source'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
  },
});
