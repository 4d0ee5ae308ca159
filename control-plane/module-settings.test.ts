import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from '../test/kit/child-process.ts';
import { TemporaryDirectory } from '../test/kit/temporary-directory.ts';
import { type ModuleFlags, readModuleSettings } from './module-settings.ts';
import { keyPair } from './modules/signature/testing/key-pair.ts';

const PLANE = join(import.meta.dirname, 'bin/lateen-control-plane.mjs');
const NOTHING: ModuleFlags = {
  keyFiles: [],
  requireSigned: false,
  insecureRegistries: [],
  dockerConfig: undefined,
};
const { publicPem, verification } = keyPair();

let directory: TemporaryDirectory;
beforeAll(async () => {
  directory = await TemporaryDirectory.make({
    'cosign.pub': publicPem,
    'docker/config.json': '{"auths":{"r.example":{"registrytoken":"t"}}}',
    'broken/config.json': '{"auths":',
    'conf/empty.yaml': '',
  });
});
afterAll(() => directory[Symbol.asyncDispose]());

test('keys and credentials are read from the files that were named', async () => {
  const flags = { ...NOTHING, keyFiles: [directory.join('cosign.pub')], requireSigned: true };
  const read = await readModuleSettings({ ...flags, dockerConfig: directory.join('docker') });
  if (!read.ok) throw new Error(read.error.message);
  const { trust, docker } = read.value;
  expect(trust).toMatchObject({ required: true, keys: [{ id: verification.id }] });
  expect(docker?.auths.get('r.example')).toEqual({ kind: 'token', token: 't' });
});

test('what cannot be read is named, and nothing is let through for it', async () => {
  const none = await readModuleSettings({ ...NOTHING, keyFiles: [directory.join('no.pub')] });
  expect(none).toMatchObject({ ok: false, error: { code: 'LAT0410' } });
  const key = join('docker', 'config.json');
  const wrong = await readModuleSettings({ ...NOTHING, keyFiles: [directory.join(key)] });
  expect(!wrong.ok && wrong.error.message).toContain(key);
  for (const name of ['broken', 'absent']) {
    const read = await readModuleSettings({ ...NOTHING, dockerConfig: directory.join(name) });
    expect(read).toMatchObject({ ok: false, error: { code: 'LAT0409' } });
  }
});

test('the program does not start with a key that it cannot read', async () => {
  const args = [PLANE, '-f', 'conf', '--state', 'state', '--module-key', 'no.pub'];
  const ended = await run(process.execPath, args, { cwd: directory.path, deadlineMs: 20_000 });
  expect(ended.code).toBe(64);
  expect(ended.stderr).toContain('no.pub');
});
