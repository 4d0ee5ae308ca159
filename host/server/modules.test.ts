import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Problem } from '@lateen/sdk/base/problem';
import { fail, ok } from '@lateen/sdk/base/result';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compileMapped } from '../wasm/fixtures/assembly.ts';
import { buildFilter } from '../wasm/fixtures/module-builder.ts';
import { ModuleLibrary } from './modules.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lateen-modules-'));
});
afterAll(() => rm(folder, { recursive: true }));

const library = () =>
  new ModuleLibrary(() => {
    throw new Error('nothing is fetched here');
  });

/** The n-th of many different modules. */
const inline = (n: number) => {
  const bytes = buildFilter({ [`f${n}`]: { type: '>', code: [] } });
  return { local: { inlineBytes: Buffer.from(bytes).toString('base64') } };
};

async function resolve(modules: ModuleLibrary, code: object, more: object = {}) {
  const spec = await modules.resolveWasm('p', JSON.parse(json(code, more)));
  if (!spec.ok) throw new Error(`${spec.error.code} ${spec.error.message}`);
  return spec.value;
}

const json = (code: object, more: object) =>
  JSON.stringify({ config: { vmConfig: { code }, ...more } });

test('a source map beside the file is found, one elsewhere is not looked for', async () => {
  const { bytes, map } = await compileMapped('export function f(): void {}');
  const path = join(folder, 'main.wasm');
  await writeFile(path, bytes);
  await writeFile(join(folder, 'main.wasm.map'), map);
  const modules = library();
  const spec = await resolve(modules, { local: { filename: path } });
  expect(modules.get(spec.module)?.debug.sourceMap).toBe(map);
  const text = Buffer.from(bytes).toString('latin1').replace('./main.wasm.map', '/etc/passwd.map');
  await writeFile(join(folder, 'other.wasm'), Buffer.from(text, 'latin1'));
  const other = await resolve(modules, { local: { filename: join(folder, 'other.wasm') } });
  expect(modules.get(other.module)?.debug.sourceMap).toBe('');
});

test('the same bytes with other limits of memory are another module', async () => {
  const modules = library();
  const one = await resolve(modules, inline(1));
  const two = await resolve(modules, inline(1), { lateenLimits: { memoryBytes: 1_048_576 } });
  const again = await resolve(modules, inline(1), { lateenLimits: { callouts: 3 } });
  expect(two.module).not.toBe(one.module);
  expect(again.module).toBe(one.module);
  expect(modules.get(one.module)?.digest).toBe(modules.get(two.module)?.digest);
});

test('of modules that nobody needs only a few stay', async () => {
  const modules = library();
  const keys: string[] = [];
  for (let n = 0; n < 20; n++) {
    keys.push((await resolve(modules, inline(n))).module);
    modules.keep(new Set([keys[0]!, keys.at(-1)!]));
  }
  const kept = keys.map((key) => (modules.get(key) === undefined ? 0 : 1));
  expect(kept).toEqual([1, ...new Array(14).fill(0), 1, 1, 1, 1, 1]);
});

test('how modules were come by is counted: fetched, failed, or there already', async () => {
  const bytes = buildFilter({});
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const missing: Problem = { level: 'error', code: 'LAT0304', message: 'gone', origin: {} };
  const modules = new ModuleLibrary(async ({ uri }) =>
    uri === 'http://a/m' ? ok(bytes) : fail(missing),
  );
  const loads: string[] = [];
  modules.countLoads((load) => loads.push(load));
  const remote = (uri: string, digest: string) => ({
    remote: { httpUri: { uri }, sha256: digest },
  });
  await resolve(modules, remote('http://a/m', sha256));
  await resolve(modules, remote('http://a/m', sha256));
  await expect(resolve(modules, remote('http://a/x', 'ab'.repeat(32)))).rejects.toThrow('gone');
  expect(loads).toEqual(['fetched', 'hit', 'failed']);
});
