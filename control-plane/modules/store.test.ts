import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startNode } from '../../test/kit/child-process.ts';
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
  const worker = join(import.meta.dirname, 'testing/store-worker.ts');
  const workers = ['a', 'b', 'c'].map((name) => startNode(worker, [directory, name]));
  for (const each of workers) {
    await using child = each;
    expect(await child.waitForExit({ deadlineMs: 30_000 })).toMatchObject({ code: 0 });
    expect(JSON.parse(child.stdout)).toEqual({ faults: [], damaged: [] });
  }
  const names = await readdir(join(directory, 'modules'));
  expect(names.every((name) => name.endsWith('.wasm'))).toBe(true);
  // 400 bytes are four of these.
  expect(names.length).toBeLessThanOrEqual(4);
  expect((await readdir(join(directory, 'records'))).length).toBe(4);
});
