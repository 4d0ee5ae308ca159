import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openModuleStore } from './store.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lateen-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function open(bytesMax?: number) {
  const store = await openModuleStore(directory, bytesMax);
  if (!store.ok) throw new Error(store.error.message);
  return store.value;
}

test('what was written is read back by its digest, and after a restart', async () => {
  const written = await (await open()).write(Buffer.from('abc'));
  if (!written.ok) throw new Error(written.error.message);
  expect(await (await open()).read(written.value)).toEqual(Buffer.from('abc'));
});

test('a damaged file counts as absent and goes away', async () => {
  const store = await open();
  const written = await store.write(Buffer.from('abc'));
  if (!written.ok) throw new Error(written.error.message);
  await writeFile(join(directory, `${written.value}.wasm`), 'abd');
  expect(await store.read(written.value)).toBeUndefined();
  expect(await readdir(directory)).toEqual([]);
});

test('a name that is no digest is never a path', async () => {
  expect(await (await open()).read('../../etc/passwd')).toBeUndefined();
});

test('the longest unused leave when the store is over its limit, those in use stay', async () => {
  const store = await open(2);
  const digests: string[] = [];
  for (const [index, text] of ['aa', 'bb', 'cc'].entries()) {
    const written = await store.write(Buffer.from(text));
    if (!written.ok) throw new Error(written.error.message);
    digests.push(written.value);
    const at = new Date(2026, 0, index + 1);
    await utimes(join(directory, `${written.value}.wasm`), at, at);
  }
  await store.prune(new Set([digests[0] ?? '']));
  expect(await readdir(directory)).toEqual([`${digests[0]}.wasm`]);
});

test('a place that cannot be used is a problem, not an exception', async () => {
  await writeFile(join(directory, 'file'), '');
  expect(await openModuleStore(join(directory, 'file', 'x'))).toMatchObject({ ok: false });
});

test('several processes on one directory write, read and make room without harm', async () => {
  const stores = await Promise.all([open(64), open(64), open(64)]);
  const texts = Array.from({ length: 30 }, (_, index) => `module ${index % 10}`);
  const rounds = texts.map(async (text, index) => {
    const store = stores[index % stores.length]!;
    const written = await store.write(Buffer.from(text));
    if (!written.ok) throw new Error(written.error.message);
    const bytes = await stores[(index + 1) % stores.length]!.read(written.value);
    // Another may have made room already; what is read is whole.
    if (bytes !== undefined) expect(Buffer.from(bytes).toString()).toBe(text);
    await store.prune(new Set());
  });
  await Promise.all(rounds);
  await stores[0]!.prune(new Set());
  const names = await readdir(directory);
  expect(names.every((name) => name.endsWith('.wasm'))).toBe(true);
  expect(names.length).toBeLessThanOrEqual(8);
});
