import { generateKeyPairSync } from 'node:crypto';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CertificateAuthority } from '../../test/kit/certificates.ts';
import { run } from '../../test/kit/child-process.ts';
import { DockerRegistry, HTPASSWD, noRegistry } from '../../test/kit/docker-registry.ts';
import { TemporaryDirectory } from '../../test/kit/temporary-directory.ts';

const LATEEN = join(import.meta.dirname, '../bin/lateen.mjs');
const MODULE = Buffer.from('0061736d01000000', 'hex');

let directory: TemporaryDirectory;

/** Runs `lateen filter ...` as somebody whose home is the test's directory. */
async function filter(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const home = { HOME: directory.path, NO_COLOR: '1' };
  return run(process.execPath, [LATEEN, 'filter', ...args], {
    env: { ...home, ...env },
    cwd: directory.path,
    deadlineMs: 30_000,
  });
}

beforeAll(async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;
  directory = await TemporaryDirectory.make({
    'm.wasm': MODULE,
    'm.schema.json': '{"type":"object"}',
    'm.md': '# m\n',
    'text.wasm': 'not a module',
    'key.pem': privateKey.export({ type: 'pkcs8', format: 'pem' }),
    'key.pub': publicKey.export({ type: 'spki', format: 'pem' }),
    'other.pub': other.export({ type: 'spki', format: 'pem' }),
  });
});

afterAll(() => directory[Symbol.asyncDispose]());

describe.skipIf(noRegistry !== undefined)(`with a real registry ${noRegistry ?? ''}`, () => {
  let registry: DockerRegistry;
  beforeAll(async () => {
    registry = await DockerRegistry.start();
  });
  afterAll(() => registry[Symbol.asyncDispose]());

  test('a module and what belongs to it go there, are signed, verified and come back', async () => {
    const name = `${registry.host}/team/hello:v1`;
    const pushed = await filter(['push', 'm.wasm', name, '--sign', 'key.pem', '-o', 'json']);
    expect(pushed).toMatchObject({ code: 0, stderr: '' });
    const { digest, name: exact } = JSON.parse(pushed.stdout);
    expect(exact).toBe(`${registry.host}/team/hello@sha256:${digest}`);
    const verified = await filter(['verify', name, '--key', 'key.pub']);
    expect(verified).toMatchObject({ code: 0, stderr: '' });
    expect(verified.stdout).toContain(`sha256:${digest} was signed with key`);
    const pulled = await filter(['pull', name, '-d', 'out', '--key', 'key.pub', '-o', 'json']);
    expect(pulled).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(pulled.stdout).files).toEqual([
      'out/hello.wasm',
      'out/hello.schema.json',
      'out/hello.md',
    ]);
    expect(await directory.read('out/hello.md')).toBe('# m\n');
    const again = await filter(['pull', `oci://${exact}`, '-d', 'out']);
    expect(again.code).toBe(1);
    expect(again.stderr).toContain('--force');
    expect(await filter(['pull', exact, '-d', 'out', '--force'])).toMatchObject({ code: 0 });
  });

  test('a signature that is missing or of another key is a finding, and nothing is written', async () => {
    const name = `${registry.host}/unsigned:v1`;
    expect(await filter(['push', 'm.wasm', name])).toMatchObject({ code: 0 });
    const missing = await filter(['verify', name, '--key', 'key.pub']);
    expect(missing.code).toBe(79);
    expect(missing.stderr).toContain('LAT0411');
    expect(await filter(['sign', name, '--key', 'key.pem'])).toMatchObject({ code: 0 });
    const wrong = await filter(['verify', name, '--key', 'other.pub', '-o', 'json']);
    expect(wrong.code).toBe(79);
    expect(JSON.parse(wrong.stdout)).toMatchObject({ problem: { code: 'LAT0412' } });
    const refused = await filter(['pull', name, '-d', 'refused', '--key', 'other.pub']);
    expect(refused.code).toBe(1);
    expect(await directory.read('refused/unsigned.wasm').catch(() => 'absent')).toBe('absent');
  });

  test.each([
    ['what is no module', ['push', 'text.wasm', 'HOST/x:v1'], 'not a WebAssembly module'],
    ['a digest of ones own', ['push', 'm.wasm', `HOST/x@sha256:${'a'.repeat(64)}`], 'digest'],
    ['a name in capitals', ['push', 'm.wasm', 'HOST/X:v1'], 'lower-case'],
    ['an image that is not there', ['pull', 'HOST/nowhere:v1'], 'there is no'],
    [
      'a schema that is not there',
      ['push', 'm.wasm', 'HOST/x:v1', '--schema', 'no.json'],
      'no.json',
    ],
    [
      'an annotation without value',
      ['push', 'm.wasm', 'HOST/x:v1', '--annotation', 'a'],
      'name=value',
    ],
  ])('%s is refused with the reason', async (_, args, why) => {
    const refused = await filter(args.map((arg) => arg.replace('HOST', registry.host)));
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/^lateen error LAT\d{4} /m);
    expect(refused.stderr).toContain(why);
  });
});

describe.skipIf(noRegistry !== undefined)(`with a registry over TLS ${noRegistry ?? ''}`, () => {
  let registry: DockerRegistry;
  let authority: string;
  beforeAll(async () => {
    const root = CertificateAuthority.create();
    authority = await directory.write('root.pem', root.root);
    const { chain, privateKey } = root.issue({ ipAddresses: ['127.0.0.1'] });
    const tls = { certificate: chain, privateKey };
    registry = await DockerRegistry.start({ htpasswd: HTPASSWD, tls });
    const auth = Buffer.from('user:s3cret').toString('base64');
    const config = { auths: { [registry.host]: { auth } } };
    await directory.write('docker/config.json', JSON.stringify(config));
  });
  afterAll(() => registry[Symbol.asyncDispose]());

  test('its certificate must be vouched for, unless the registry was said to be insecure', async () => {
    const name = `${registry.host}/f:v1`;
    const login = { DOCKER_CONFIG: directory.join('docker') };
    const unknown = await filter(['push', 'm.wasm', name], login);
    expect(unknown.code).toBe(1);
    expect(unknown.stderr).toContain('LAT0415');
    const trusted = { ...login, NODE_EXTRA_CA_CERTS: authority };
    expect(await filter(['push', 'm.wasm', name], trusted)).toMatchObject({ code: 0, stderr: '' });
    const insecure = { ...login, WASM_INSECURE_REGISTRIES: `other.example,${registry.host}` };
    expect(await filter(['pull', name, '-d', 'tls'], insecure)).toMatchObject({
      code: 0,
      stderr: '',
    });
  });

  test('credentials may be kept by a helper', async () => {
    const script =
      '#!/bin/sh\nread server\necho "{\\"Username\\":\\"user\\",\\"Secret\\":\\"s3cret\\"}"\n';
    const program = await directory.write('bin/docker-credential-test', script);
    await chmod(program, 0o755);
    await directory.write('helped/config.json', '{"credsStore":"test"}');
    const env = { NODE_EXTRA_CA_CERTS: authority, DOCKER_CONFIG: directory.join('helped') };
    const name = `${registry.host}/helped:v1`;
    const path = { PATH: `${directory.join('bin')}:${process.env['PATH']}` };
    expect(await filter(['push', 'm.wasm', name], { ...env, ...path })).toMatchObject({ code: 0 });
    const absent = await filter(['pull', name, '-d', 'helped'], env);
    expect(absent.code).toBe(1);
    expect(absent.stderr).toContain('no program docker-credential-test');
  });

  test('who has no credentials is told how to have some', async () => {
    const alone = { NODE_EXTRA_CA_CERTS: authority };
    const refused = await filter(['pull', `${registry.host}/f:v1`], alone);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('docker login');
  });
});
