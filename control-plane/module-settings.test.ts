import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run, startNode } from '../test/kit/child-process.ts';
import { TemporaryDirectory } from '../test/kit/temporary-directory.ts';
import { type ModuleFlags, readModuleSettings } from './module-settings.ts';
import { signDetached } from './modules/signature/detached.ts';
import { keyPair } from './modules/signature/testing/key-pair.ts';

const LATEEN = join(import.meta.dirname, 'bin/lateen.mjs');
const PLANE = join(import.meta.dirname, 'bin/lateen-control-plane.mjs');
const NOTHING: ModuleFlags = {
  keyFiles: [],
  requireSigned: false,
  insecureRegistries: [],
  dockerConfig: undefined,
};
const { publicPem, verification, signing } = keyPair();

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

test('with a key of the mesh, in the environment or as a flag, unsigned modules are kept out', async () => {
  const module = Buffer.from('0061736d01000000', 'hex');
  const [unsigned, signed] = ['unsigned', 'signed'].map((name) => directory.join(`${name}.wasm`));
  await directory.write('unsigned.wasm', module);
  await directory.write('signed.wasm', module);
  await directory.write('signed.wasm.sig', signDetached(module, signing));
  await directory.write('conf/a.yaml', plugin('unsigned', unsigned!));
  await directory.write('conf/b.yaml', plugin('signed', signed!));
  const key = directory.join('cosign.pub');
  for (const [flags, env] of [
    [[], { LATEEN_MODULE_KEYS: key }],
    [['--module-key', key], {}],
  ] as const) {
    const args = [
      '-f',
      'conf',
      '--state',
      'home',
      '--ads-port',
      '0',
      '--admin-port',
      '0',
      ...flags,
    ];
    await using plane = startNode(PLANE, args, { cwd: directory.path, env });
    await plane.waitForOutput(/admin http/, { deadlineMs: 20_000 });
    const home = { LATEEN_HOME: directory.join('home') };
    const options = { cwd: directory.path, env: home, deadlineMs: 20_000 };
    const { stdout } = await run(
      process.execPath,
      [LATEEN, 'get', 'wasmplugin', '-o', 'json'],
      options,
    );
    expect(JSON.parse(stdout)).toMatchObject([
      { name: 'signed', plugin: { verified: 'yes', signedBy: [verification.id] } },
      { name: 'unsigned', plugin: { verified: 'failed', reason: 'LAT0411', serving: 'nothing' } },
    ]);
  }
});

function plugin(name: string, path: string): string {
  return `apiVersion: extensions.istio.io/v1alpha1
kind: WasmPlugin
metadata: {name: ${name}}
spec: {url: "file://${path}"}
`;
}
