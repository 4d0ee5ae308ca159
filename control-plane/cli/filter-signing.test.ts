import { generateKeyPairSync } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from '../../test/kit/child-process.ts';
import { TemporaryDirectory } from '../../test/kit/temporary-directory.ts';

const LATEEN = join(import.meta.dirname, '../bin/lateen.mjs');
const MODULE = Buffer.from('0061736d01000000', 'hex');

let directory: TemporaryDirectory;

/** Runs `lateen filter ...` in the directory of the test. */
async function filter(...args: readonly string[]) {
  const env = { NO_COLOR: '1' };
  return run(process.execPath, [LATEEN, 'filter', ...args], { env, cwd: directory.path });
}

beforeAll(async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const other = generateKeyPairSync('ed25519').publicKey;
  directory = await TemporaryDirectory.make({
    'm.wasm': MODULE,
    'bare.wasm': MODULE,
    'bare2.wasm': MODULE,
    'key.pem': privateKey.export({ type: 'pkcs8', format: 'pem' }),
    'key.pub': publicKey.export({ type: 'spki', format: 'pem' }),
    'other.pub': other.export({ type: 'spki', format: 'pem' }),
  });
});

afterAll(() => directory[Symbol.asyncDispose]());

test('a module of a file is signed and verified', async () => {
  const signed = await filter('sign', 'm.wasm', '--key', 'key.pem', '-o', 'json');
  expect(signed).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(signed.stdout)).toMatchObject({ signature: 'm.wasm.sig' });
  const verified = await filter('verify', 'm.wasm', '--key', 'key.pub');
  expect(verified).toMatchObject({ code: 0, stderr: '' });
  expect(verified.stdout).toMatch(/^sha256:93a44bbb\w+ was signed with key \w{16}$/m);
});

test('a pair of keys is made, once, and signs', async () => {
  await directory.write('password', 'secret\n');
  const password = ['--key-password-file', 'password'];
  const made = await filter('keygen', 'mine', ...password, '-o', 'json');
  expect(JSON.parse(made.stdout)).toMatchObject({ private: 'mine.key', encrypted: true });
  expect((await stat(directory.join('mine.key'))).mode & 0o777).toBe(0o600);
  expect(await filter('sign', 'bare2.wasm', '--key', 'mine.key', ...password)).toMatchObject({
    code: 0,
  });
  expect(await filter('verify', 'bare2.wasm', '--key', 'mine.pub')).toMatchObject({ code: 0 });
  const again = await filter('keygen', 'mine');
  expect(again.code).toBe(1);
  expect(again.stderr).toContain('choose another name');
});

test('a wrong signature and a missing one are findings: 79', async () => {
  const wrong = await filter('verify', 'm.wasm', '--key', 'other.pub');
  expect(wrong.code).toBe(79);
  expect(wrong.stderr).toContain('m.wasm error LAT0412');
  const missing = await filter('verify', 'bare.wasm', '--key', 'key.pub', '-o', 'json');
  expect(missing.code).toBe(79);
  expect(JSON.parse(missing.stdout)).toMatchObject({ problem: { code: 'LAT0411' } });
});

test.each([
  [1, ['verify', 'nowhere.wasm', '--key', 'key.pub']],
  [1, ['verify', 'm.wasm', '--key', 'm.wasm']],
  [1, ['sign', 'm.wasm', '--key', 'key.pub']],
  [64, ['sign', 'm.wasm']],
  [64, ['frobnicate']],
  [0, ['--help']],
  [0, ['sign', '--help']],
])('exits with %i: %j', async (code, args) => {
  expect(await filter(...args)).toMatchObject({ code });
});
