import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DockerRegistry, HTPASSWD, noRegistry } from '../../kit/docker-registry.ts';
import { waitFor } from '../../kit/wait-for.ts';
import { requestsPerSecondMin } from './machine.ts';
import { MixedLoad } from './mixed-load.ts';
import { wasmPlugin } from './resources.ts';
import { SmallMesh } from './small-mesh.ts';
import { compileVersionedGuest, type VersionedGuest } from './versioned-guest.ts';

const key = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const PRIVATE = key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const PUBLIC = key.publicKey.export({ type: 'spki', format: 'pem' }).toString();

describe.skipIf(noRegistry !== undefined)(`a mesh and a registry ${noRegistry ?? ''}`, () => {
  let mesh: SmallMesh;
  let guest: VersionedGuest;
  let registry: DockerRegistry;

  beforeAll(async () => {
    guest = await compileVersionedGuest();
    registry = await DockerRegistry.start();
    mesh = await SmallMesh.start();
    await mesh.directory.write('cosign.key', PRIVATE);
  }, 90_000);

  afterAll(async () => {
    await mesh?.[Symbol.asyncDispose]();
    await registry?.[Symbol.asyncDispose]();
  }, 30_000);

  /** `lateen filter push` of one version; `signed` says whether with the key. */
  async function push(number: number, tag: string, signed = false): Promise<string> {
    const file = `m${number}.wasm`;
    await mesh.directory.write(file, guest.bytes(number));
    const reference = `${registry.host}/team/versioned:${tag}`;
    const sign = signed ? ['--sign', 'cosign.key'] : [];
    const pushed = await mesh.lateen('filter', 'push', file, reference, ...sign);
    expect(pushed).toMatchObject({ code: 0, stderr: '' });
    return `oci://${reference}`;
  }

  const apply = (url: string, ...spec: readonly string[]) =>
    mesh.apply(wasmPlugin({ name: 'versioned', url, spec }));
  const serving = (number: number) => {
    const mark = `mark-${String(number).padStart(4, '0')}/none`;
    return mesh.until(mark, (answer) => answer.header('x-version') === mark);
  };
  const status = async () => (await mesh.resource('WasmPlugin', 'versioned'))?.plugin;

  test('under load a module comes from a tag, moves with it, and must be signed when that is asked', async () => {
    const load = new MixedLoad({ port: mesh.gateway });
    await apply(await push(1, 'v1'), 'imagePullPolicy: Always');
    await serving(1);
    const url = await push(2, 'v1');
    // The same resource, applied again: Always looks whether the tag has moved.
    await apply(url, 'imagePullPolicy: Always');
    await serving(2);
    const verificationKey = `verificationKey: ${JSON.stringify(PUBLIC)}`;
    await apply(await push(3, 'v2'), verificationKey);
    const refused = await waitFor('the complaint about the signature', async () => {
      const seen = await status();
      return seen?.verified === 'failed' ? seen : undefined;
    });
    expect(refused).toMatchObject({ serving: 'previous' });
    expect(refused.message).toContain('is not signed');
    await serving(2);
    await apply(await push(4, 'v3', true), verificationKey);
    await serving(4);
    const report = await load.stop();
    expect(report.faults).toEqual({});
    expect(report.perSecond).toBeGreaterThan(requestsPerSecondMin());
    const table = await mesh.lateen('get', 'wasmplugin');
    expect(table.stdout).toMatch(/versioned +yes +signed +yes +yes +1\/1 proxies +newest/);
  }, 90_000);

  test('a private registry opens to the plugin whose Secret has the password', async () => {
    await using locked = await DockerRegistry.start({ htpasswd: HTPASSWD });
    const auth = Buffer.from('user:s3cret').toString('base64');
    const config = JSON.stringify({ auths: { [locked.host]: { auth } } });
    await mesh.directory.write('.docker/config.json', config);
    await mesh.directory.write('m6.wasm', guest.bytes(6));
    const reference = `${locked.host}/private:v1`;
    const pushed = await mesh.lateen('filter', 'push', 'm6.wasm', reference);
    expect(pushed).toMatchObject({ code: 1 });
    expect(pushed.stderr).toContain('docker login');
    const env = { DOCKER_CONFIG: mesh.directory.join('.docker') };
    expect(await mesh.lateenWith(env, 'filter', 'push', 'm6.wasm', reference)).toMatchObject({
      code: 0,
    });
    await apply(reference, 'imagePullSecret: pull');
    const refused = await waitFor('the complaint about the secret', async () => {
      const seen = await status();
      return seen?.fetched === 'failed' ? seen : undefined;
    });
    expect(refused.message).toBe('there is no Secret default/pull');
    const data = Buffer.from(config).toString('base64');
    await mesh.apply(`apiVersion: v1
kind: Secret
metadata: {name: pull}
type: kubernetes.io/dockerconfigjson
data: {.dockerconfigjson: ${data}}
`);
    await serving(6);
    const shown = await mesh.lateen('get', 'secret', 'pull', '-o', 'yaml');
    expect(shown.stdout).toContain('(hidden)');
    expect(shown.stdout).not.toContain(data);
  }, 90_000);

  test('with the registry gone, a restarted mesh serves what it served', async () => {
    await apply(await push(5, 'latest'));
    await serving(5);
    await registry[Symbol.asyncDispose]();
    await mesh.restart();
    await serving(5);
    const seen = await waitFor('the complaint about the registry', async () => {
      const now = await status();
      return now?.message === undefined ? undefined : now;
    });
    expect(seen).toMatchObject({ fetched: 'failed', serving: 'previous' });
    expect(seen.message).toContain(registry.host);
    const { problems } = (await mesh.resource('WasmPlugin', 'versioned')) ?? {};
    expect(problems?.map(({ code }) => code)).toEqual(['LAT0401']);
  }, 90_000);
});
