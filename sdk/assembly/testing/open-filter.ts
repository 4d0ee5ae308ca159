import { mkdtempSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundledModules } from '@lateen/filters/bundled-modules';
import { compileAssembly } from '@lateen/filters/compile-assembly';
import type { UpstreamScript } from '@lateen/host/testing/memory-upstream';
import { TestHost } from '@lateen/host/testing/test-host';
import type { JsonObject } from '@lateen/sdk/base/json';

/** Compiles the filter of a folder as its author would, for a release. */
export async function compileFilter(folder: string): Promise<Uint8Array<ArrayBuffer>> {
  const directory = mkdtempSync(join(tmpdir(), 'lateen-filter-'));
  const out = join(directory, 'filter.wasm');
  const entry = join(folder, 'assembly/index.ts');
  await compileAssembly({ entry, out, flags: ['--target', 'release'] });
  const bytes = Uint8Array.from(await readFile(out));
  await rm(directory, { recursive: true });
  return bytes;
}

/** The filter in front of a router whose every request goes to the cluster `main`. */
export function openFilter(
  bytes: Uint8Array,
  configuration: JsonObject = {},
  upstream?: UpstreamScript,
): Promise<TestHost> {
  return TestHost.open({
    modules: [{ name: 'filter', bytes, trusted: false }, ...bundledModules('router')],
    filters: [
      { name: 'filter', module: 'filter', configuration },
      { name: 'router', module: 'router' },
    ],
    ...(upstream === undefined ? {} : { upstream }),
    routes: {
      virtualHosts: [
        { domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'main' } }] },
      ],
    },
  });
}
