import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const DIST = join(
  dirname(createRequire(import.meta.url).resolve('@lateen/filters/package.json')),
  'dist',
);

/** A bundled module as the build left it, for tests and tools. */
export interface BundledModule {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Type URLs. */
  readonly serves: readonly string[];
}

interface Manifest {
  readonly modules: readonly {
    readonly name: string;
    readonly file: string;
    readonly serves: readonly string[];
  }[];
}

/** Reads bundled modules by name; throws where they have not been built. */
export function bundledModules(...names: readonly string[]): readonly BundledModule[] {
  const manifest: Manifest = JSON.parse(readFileSync(join(DIST, 'manifest.json'), 'utf8'));
  return names.map((name) => {
    const entry = manifest.modules.find((module) => module.name === name);
    if (entry === undefined) throw new Error(`${name} is not built: run filters/build.ts`);
    return { name, bytes: readFileSync(join(DIST, entry.file)), serves: entry.serves };
  });
}
