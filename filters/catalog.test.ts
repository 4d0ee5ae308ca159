import { mkdtempSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openRegistry } from '@lateen/sdk/xds/registry';
import { expect, test } from 'vitest';
import { bundledModules } from './bundled-modules.ts';
import { CATALOG } from './catalog.ts';
import { compileAssembly } from './compile-assembly.ts';

declare global {
  namespace WebAssembly.Module {
    /** Beside what host/wasm/web-assembly.d.ts declares. */
    function imports(module: Module): readonly { readonly module: string; readonly name: string }[];
    function exports(module: Module): readonly { readonly name: string }[];
  }
}

const FILTERS = dirname(fileURLToPath(import.meta.url));

test.each(CATALOG)('$name stays within $sizeMax bytes', ({ name, sizeMax }) => {
  const [module] = bundledModules(name);
  expect(module.bytes.length).toBeLessThanOrEqual(sizeMax);
});

test.each(CATALOG)('every type that $name serves is one of the API', ({ serves }) => {
  const { types } = openRegistry();
  for (const type of serves) expect(types.getMessage(type), type).toBeDefined();
});

test('no type is served by two modules', () => {
  const types = CATALOG.flatMap(({ serves }) => serves);
  expect(new Set(types).size).toBe(types.length);
});

test.each(CATALOG)('$name runs on any Proxy-Wasm host', ({ name }) => {
  const [{ bytes }] = bundledModules(name);
  const module = new WebAssembly.Module(Uint8Array.from(bytes));
  for (const { module: from, name: call } of WebAssembly.Module.imports(module)) {
    expect(from).toBe('env');
    expect(call).toMatch(/^proxy_/);
  }
  const exported = WebAssembly.Module.exports(module).map((entry) => entry.name);
  expect(exported).toContain('_initialize');
  expect(exported).toContain('proxy_abi_version_0_2_1');
});

test('equal sources give equal bytes', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'lateen-build-'));
  const out = join(directory, 'retry.wasm');
  const entry = join(FILTERS, 'retry/assembly/index.ts');
  await compileAssembly({ entry, out, flags: ['-O3s', '--sourceMap'] });
  expect(readFileSync(out).equals(bundledModules('retry')[0].bytes)).toBe(true);
  await rm(directory, { recursive: true });
}, 60_000);
