import { readdir, stat } from 'node:fs/promises';
import { SteppedClock } from '@lateen/sdk/base/stepped-clock';
import { describe, expect, it } from 'vitest';
import { TemporaryDirectory } from '../../test/kit/temporary-directory.ts';
import { objectKey } from '../api/object.ts';
import { parseDocuments } from '../api/parse.ts';
import { openFileSource } from './file-source.ts';
import { openStore, type ResourceStore } from './store.ts';

const PLUGIN = `apiVersion: extensions.istio.io/v1alpha1
kind: WasmPlugin
metadata: {name: hello, namespace: web}
spec:
  url: file:///tmp/hello.wasm
  pluginConfig: {text: "a: b # c", none: null, yes: "yes", number: 1.5}
`;

function objects(text: string) {
  const { value, problems } = parseDocuments({ file: 'apply.yaml', text });
  expect(problems).toEqual([]);
  return value.objects;
}

async function storeIn(dir: string): Promise<ResourceStore> {
  const opened = await openStore(dir);
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.value;
}

describe('the store', () => {
  it('gives back what was put into it, to its owner alone', async () => {
    await using dir = await TemporaryDirectory.make();
    const store = await storeIn(dir.join('store'));
    const [plugin] = objects(PLUGIN);
    expect((await store.put([plugin!])).ok).toBe(true);
    const options = { paths: [store.dir], clock: new SteppedClock(), onChange: () => {} };
    const source = await openFileSource(options);
    source.close();
    const [read] = source.current().objects;
    expect(read).toMatchObject({
      kind: plugin?.kind,
      spec: plugin?.spec,
      metadata: plugin?.metadata,
    });
    expect(source.current().problems).toEqual([]);
    const [file] = await readdir(store.dir);
    expect((await stat(dir.join('store', file!))).mode & 0o777).toBe(0o600);
  });

  it('replaces an object by name and deletes it', async () => {
    await using dir = await TemporaryDirectory.make();
    const store = await storeIn(dir.path);
    await store.put(objects(PLUGIN));
    await store.put(objects(PLUGIN.replace('hello.wasm', 'other.wasm')));
    expect(await readdir(dir.path)).toHaveLength(1);
    const name = { kind: 'WasmPlugin', namespace: 'web', name: 'hello' };
    expect(await store.delete(name)).toEqual({ ok: true, value: true });
    expect(await store.delete(name)).toEqual({ ok: true, value: false });
    expect(await readdir(dir.path)).toEqual([]);
  });

  it('writes the namespace that an object took by default', async () => {
    await using dir = await TemporaryDirectory.make();
    const store = await storeIn(dir.path);
    const text = 'apiVersion: v1\nkind: Service\nmetadata: {name: a}\n';
    await store.put(objects(text));
    const [file] = await readdir(dir.path);
    const again = parseDocuments({ file: 'x', text: await dir.read(file!) });
    expect(again.value.objects.map(objectKey)).toEqual(['Service default/a']);
    expect(await dir.read(file!)).toContain('namespace: default');
  });

  it('clears away what a crash left half-written', async () => {
    await using dir = await TemporaryDirectory.make({ '.new-17-0': 'half' });
    await storeIn(dir.path);
    expect(await readdir(dir.path)).toEqual([]);
  });

  it('says why it cannot write', async () => {
    await using dir = await TemporaryDirectory.make({ file: 'x' });
    const opened = await openStore(dir.join('file', 'below'));
    expect(opened).toMatchObject({ ok: false, error: { code: 'LAT0107' } });
  });

  it('cannot be led out of its directory by a name', async () => {
    await using dir = await TemporaryDirectory.make({ 'precious.yaml': 'x' });
    const store = await storeIn(dir.join('store'));
    for (const name of ['../precious', '..', 'a/../../precious', '%2e%2e/precious']) {
      expect(await store.delete({ kind: 'Service', namespace: '..', name })).toEqual({
        ok: true,
        value: false,
      });
    }
    expect(await dir.read('precious.yaml')).toBe('x');
  });
});
