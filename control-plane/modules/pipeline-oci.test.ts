import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DockerRegistry, HTPASSWD, noRegistry } from '../../test/kit/docker-registry.ts';
import type { ConfigObject } from '../api/object.ts';
import { sha256 } from './digest.ts';
import { pushModule } from './oci/push.ts';
import { ScriptedRegistry } from './oci/testing/scripted-registry.ts';
import { must, sessionFor } from './oci/testing/session.ts';
import { signImage } from './signature/sign-image.ts';
import { keyPair } from './signature/testing/key-pair.ts';
import { block, objectOf, PipelineFixture, pluginObject } from './testing/pipeline-fixture.ts';

const [FIRST, SECOND] = ['0061736d01000000', '0061736d0100000000020161'].map((hex) =>
  Buffer.from(hex, 'hex'),
) as [Buffer, Buffer];

async function push(text: string, module: Buffer, login?: string) {
  const options = login === undefined ? {} : { login };
  const { session, reference } = sessionFor(text, { actions: 'pull,push', ...options });
  const pushed = must(await pushModule(session, reference, { module, annotations: {} }));
  return { ...pushed, session, reference };
}

let fixture: PipelineFixture;
beforeEach(async () => {
  fixture = await PipelineFixture.open();
});
afterEach(() => fixture[Symbol.asyncDispose]());

test('a registry in trouble is asked again in growing distance', async () => {
  await using registry = await ScriptedRegistry.open();
  registry.on('*', (_, response) => response.writeHead(503).end());
  await fixture.take(pluginObject(`url: oci://${registry.host}/x:v1`));
  const distances: number[] = [];
  for (let count = 0; count < 6; count += 1) {
    distances.push(fixture.clock.nextDueMs ?? 0);
    fixture.clock.advance(distances.at(-1) ?? 0);
    await fixture.pipeline.settled();
  }
  expect(distances).toEqual([500, 1000, 2000, 4000, 30_000, 30_000]);
  expect(fixture.codes).toEqual(['LAT0401']);
});

test.each([
  ['seconds', { 'retry-after': '120' }, 120_000],
  ['a day', { 'retry-after': '86400' }, 600_000],
  [
    'a date',
    { date: 'Thu, 01 Jan 2026 00:00:00 GMT', 'retry-after': 'Thu, 01 Jan 2026 00:01:00 GMT' },
    60_000,
  ],
  ['a moment', { 'retry-after': '0' }, 500],
  ['nonsense', { 'retry-after': 'soon' }, 500],
])('a registry that asks us to wait %s is left alone as long', async (_, headers, delayMs) => {
  await using registry = await ScriptedRegistry.open();
  registry.on('*', (__, response) => response.writeHead(429, headers).end());
  await fixture.take(pluginObject(`url: oci://${registry.host}/x:v1`));
  expect(fixture.clock.nextDueMs).toBe(delayMs);
});

describe.skipIf(noRegistry !== undefined)(`plugins of a registry ${noRegistry ?? ''}`, () => {
  let registry: DockerRegistry;
  beforeAll(async () => {
    registry = await DockerRegistry.start();
  });
  afterAll(() => registry[Symbol.asyncDispose]());

  test('are pulled, a url without a scheme too, and for a TrafficExtension', async () => {
    await push(`${registry.host}/kinds:v1`, FIRST);
    await fixture.take(pluginObject(`url: ${registry.host}/kinds:v1`));
    expect(fixture.codes).toEqual([]);
    expect(fixture.digest()).toBe(sha256(FIRST));
    const text = [
      'apiVersion: extensions.istio.io/v1alpha1',
      'kind: TrafficExtension',
      'metadata: {name: t}',
      `spec: {wasm: {url: "oci://${registry.host}/kinds:v1"}}`,
    ];
    await fixture.take(objectOf(text.join('\n')));
    expect(fixture.digest('TrafficExtension default/t')).toBe(sha256(FIRST));
  });

  test('of a tag that moved are pulled again with Always or :latest, else not', async () => {
    const name = `${registry.host}/moving`;
    const plugin = (tag: string, ...lines: readonly string[]) =>
      pluginObject(`url: oci://${name}:${tag}`, ...lines);
    for (const tag of ['v1', 'latest']) await push(`${name}:${tag}`, FIRST);
    for (const tag of ['v1', 'latest']) await fixture.take(plugin(tag));
    for (const tag of ['v1', 'latest']) await push(`${name}:${tag}`, SECOND);
    await fixture.take(plugin('v1', 'priority: 1'));
    expect(fixture.digest()).toBe(sha256(FIRST));
    await fixture.take(plugin('latest', 'priority: 2'));
    expect(fixture.digest()).toBe(sha256(SECOND));
    await fixture.take(plugin('v1', 'priority: 3', 'imagePullPolicy: Always'));
    expect(fixture.digest()).toBe(sha256(SECOND));
  });

  test('take the digest of the image, or of the module, for sha256', async () => {
    const { digest, module } = await push(`${registry.host}/pinned:v1`, FIRST);
    const url = `url: oci://${registry.host}/pinned:v1`;
    for (const [at, wanted] of [digest, module].entries()) {
      await fixture.take(pluginObject(url, `sha256: ${wanted}`, `priority: ${at}`));
      expect(fixture.codes).toEqual([]);
    }
    await fixture.take(pluginObject(url, `sha256: ${'a'.repeat(64)}`));
    expect(fixture.codes).toEqual(['LAT0402']);
    expect(fixture.digest()).toBe(module);
  });

  test('that must be signed are let in when they are, and not before', async () => {
    const [ours, theirs] = [keyPair(), keyPair()];
    const name = `${registry.host}/signed:v1`;
    const { session, reference, digest } = await push(name, FIRST);
    const plugin = (priority: number) =>
      pluginObject(
        `url: ${name}`,
        block('verificationKey', ours.publicPem),
        `priority: ${priority}`,
      );
    await fixture.take(pluginObject(`url: ${name}`));
    const moved = await push(name, SECOND);
    await fixture.take(plugin(1));
    // What was pulled before is there, and nobody vouched for it.
    expect(fixture.codes).toEqual(['LAT0411']);
    must(await signImage(session, reference, moved.digest, theirs.signing));
    await fixture.take(plugin(2));
    expect(fixture.codes).toEqual(['LAT0412']);
    must(await signImage(session, reference, digest, ours.signing));
    await fixture.take(plugin(3));
    expect(fixture.codes).toEqual(['LAT0412']);
    expect(fixture.digest()).toBe(sha256(FIRST));
    must(await signImage(session, reference, moved.digest, ours.signing));
    await fixture.take(plugin(4));
    expect(fixture.codes).toEqual([]);
    expect(fixture.digest()).toBe(sha256(SECOND));
    expect(fixture.pipeline.views()[0]?.signedBy).toEqual([ours.signing.id]);
  });

  test('go on serving when the registry is away after a restart', async () => {
    await using passing = await DockerRegistry.start();
    const name = `${passing.host}/away:latest`;
    await push(name, FIRST);
    const plugin = pluginObject(`url: ${name}`);
    await fixture.take(plugin);
    await passing[Symbol.asyncDispose]();
    await fixture.restart();
    await fixture.take(plugin);
    expect(fixture.codes).toEqual(['LAT0401']);
    expect(fixture.digest()).toBe(sha256(FIRST));
  });
});

describe.skipIf(noRegistry !== undefined)(`a pull secret ${noRegistry ?? ''}`, () => {
  let registry: DockerRegistry;
  beforeAll(async () => {
    registry = await DockerRegistry.start({ htpasswd: HTPASSWD });
    await push(`${registry.host}/private:v1`, FIRST, 'user:s3cret');
  });
  afterAll(() => registry[Symbol.asyncDispose]());

  const plugin = () =>
    pluginObject(`url: oci://${registry.host}/private:v1`, 'imagePullSecret: pull');

  /** As `kubectl create secret docker-registry` writes it. */
  function secret(login: string, type = 'kubernetes.io/dockerconfigjson'): ConfigObject {
    const auth = Buffer.from(login).toString('base64');
    const config = JSON.stringify({ auths: { [registry.host]: { auth } } });
    const data = Buffer.from(config).toString('base64');
    const head = ['apiVersion: v1', 'kind: Secret', 'metadata: {name: pull}', `type: ${type}`];
    return objectOf([...head, `data: {.dockerconfigjson: ${data}}`].join('\n'));
  }

  test('opens the registry, as soon as it is there and right', async () => {
    await fixture.take(plugin());
    expect(fixture.pipeline.problems()[0]?.message).toBe('there is no Secret default/pull');
    await fixture.take(plugin(), secret('user:guessed'));
    expect(fixture.codes).toEqual(['LAT0409']);
    expect(JSON.stringify(fixture.pipeline.problems())).not.toMatch(/guessed|Z3Vlc3NlZ/);
    await fixture.take(plugin(), secret('user:s3cret', 'Opaque'));
    expect(fixture.pipeline.problems()[0]?.message).toContain('is not of type');
    await fixture.take(plugin(), secret('user:s3cret'));
    expect(fixture.codes).toEqual([]);
    expect(fixture.digest()).toBe(sha256(FIRST));
  });

  test('opens it for its own plugins: what was pulled with it is not given to others', async () => {
    await fixture.take(plugin(), secret('user:s3cret'));
    expect(fixture.codes).toEqual([]);
    await fixture.take(pluginObject(`url: oci://${registry.host}/private:v1`));
    expect(fixture.codes).toEqual(['LAT0409']);
  });
});
