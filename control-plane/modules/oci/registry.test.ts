import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DockerRegistry, HTPASSWD, noRegistry } from '../../../test/kit/docker-registry.ts';
import { TokenServer } from '../../../test/kit/token-server.ts';
import { verifyImage } from '../signature/image-signature.ts';
import { signImage } from '../signature/sign-image.ts';
import { attachBundle } from '../signature/testing/attach-bundle.ts';
import { keyPair } from '../signature/testing/key-pair.ts';
import { OCI_INDEX, OCI_MANIFEST } from './manifest.ts';
import { pullModule, resolveImage } from './pull.ts';
import { pushModule } from './push.ts';
import { tarOf } from './tar.ts';
import { must, sessionFor, type TestSessionOptions } from './testing/session.ts';
import { type Blob, writeBlob, writeDescriptor, writeManifest } from './write.ts';

const MODULE = Buffer.from('0061736d01000000', 'hex');
const OTHER = Buffer.from('0061736d0100000000020161', 'hex');
const PUSH = { actions: 'pull,push' } as const;

async function push(text: string, module: Uint8Array, options: TestSessionOptions = {}) {
  const { session, reference } = sessionFor(text, { ...PUSH, ...options });
  return pushModule(session, reference, { module, annotations: {} });
}

async function pull(text: string, options: TestSessionOptions = {}) {
  const { session, reference } = sessionFor(text, options);
  const resolved = await resolveImage(session, reference);
  return resolved.ok ? pullModule(session, resolved.value.image) : resolved;
}

/** Puts an image of any form into the registry. */
async function put(
  text: string,
  image: { readonly type: string; readonly layers: readonly Blob[] },
) {
  const { session, reference } = sessionFor(text, PUSH);
  const config = {
    mediaType: 'application/vnd.oci.image.config.v1+json',
    bytes: Buffer.from('{}'),
  };
  const written: object[] = [];
  for (const blob of [config, ...image.layers]) {
    written.push(writeDescriptor(must(await writeBlob(session, blob))));
  }
  const [first, ...layers] = written;
  const json = { schemaVersion: 2, mediaType: image.type, config: first, layers };
  return must(await writeManifest(session, reference.tag, { mediaType: image.type, json }));
}

const packed = (mediaType: string, module = MODULE): Blob => {
  return { mediaType, bytes: gzipSync(tarOf('plugin.wasm', module)) };
};
const DOCKER_TYPE = 'application/vnd.docker.distribution.manifest.v2+json';
const DOCKER_LAYER = 'application/vnd.docker.image.rootfs.diff.tar.gzip';
const OCI_LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip';

describe.skipIf(noRegistry !== undefined)(`a real registry ${noRegistry ?? ''}`, () => {
  let registry: DockerRegistry;
  beforeAll(async () => {
    registry = await DockerRegistry.start();
  });
  afterAll(() => registry[Symbol.asyncDispose]());

  test('gives back what was pushed, by tag and by digest; the same push is the same image', async () => {
    const name = `${registry.host}/team/filter`;
    const first = must(await push(`${name}:v1`, MODULE));
    expect(Buffer.from(must(await pull(`oci://${name}:v1`)))).toEqual(MODULE);
    expect(Buffer.from(must(await pull(`${name}@sha256:${first.digest}`)))).toEqual(MODULE);
    expect(must(await push(`${name}:v1`, MODULE))).toEqual(first);
    const moved = must(await push(`${name}:v1`, OTHER));
    expect(moved.digest).not.toBe(first.digest);
    expect(Buffer.from(must(await pull(`${name}:v1`)))).toEqual(OTHER);
    expect(Buffer.from(must(await pull(`${name}:v1@sha256:${first.digest}`)))).toEqual(MODULE);
  });

  test.each([
    ['a docker image', DOCKER_TYPE, [packed(DOCKER_LAYER, OTHER), packed(DOCKER_LAYER)]],
    ['an OCI image', OCI_MANIFEST, [packed(OCI_LAYER)]],
    ...[
      'application/vnd.module.wasm.content.layer.v1+wasm',
      'application/vnd.wasm.content.layer.v0+wasm',
      'application/wasm',
    ].map((mediaType): [string, string, Blob[]] => [
      `an artifact of ${mediaType}`,
      OCI_MANIFEST,
      [
        { mediaType, bytes: MODULE },
        { mediaType: 'application/json', bytes: Buffer.from('{}') },
      ],
    ]),
  ])('gives the module of %s', async (what, type, layers) => {
    const text = `${registry.host}/forms:${what.replaceAll(/\W+/g, '-')}`;
    await put(text, { type, layers });
    expect(Buffer.from(must(await pull(text)))).toEqual(MODULE);
  });

  test.each([
    ['no layers', [], 'no layers'],
    ['a layer of another kind', [{ mediaType: 'text/plain', bytes: MODULE }], 'text/plain'],
    [
      'two modules',
      ['1', '2'].map((t) => ({ mediaType: 'application/wasm', bytes: Buffer.from(t) })),
      '2 layers',
    ],
    [
      'no plugin.wasm',
      [{ mediaType: OCI_LAYER, bytes: gzipSync(tarOf('x.wasm', MODULE)) }],
      'no plugin.wasm',
    ],
    ['no gzip', [{ mediaType: OCI_LAYER, bytes: tarOf('plugin.wasm', MODULE) }], 'gzip'],
    [
      'half an archive',
      [{ mediaType: OCI_LAYER, bytes: gzipSync(tarOf('plugin.wasm', MODULE).subarray(0, 515)) }],
      'ends within',
    ],
  ] as const)('refuses an image with %s', async (what, layers, why) => {
    const text = `${registry.host}/broken:${what.replaceAll(/\W+/g, '-')}`;
    await put(text, { type: OCI_MANIFEST, layers });
    const pulled = await pull(text);
    expect(pulled).toMatchObject({ ok: false, error: { code: 'LAT0414' } });
    expect(!pulled.ok && pulled.error.message).toContain(why);
  });

  test('gives the image for wasm of an index', async () => {
    const text = `${registry.host}/many`;
    const amd64 = await put(`${text}:a`, {
      type: OCI_MANIFEST,
      layers: [packed(OCI_LAYER, OTHER)],
    });
    const wasm = await put(`${text}:b`, { type: OCI_MANIFEST, layers: [packed(OCI_LAYER)] });
    const entry = (image: { digest: string; size: number }, os: string, architecture: string) => ({
      mediaType: OCI_MANIFEST,
      digest: `sha256:${image.digest}`,
      size: image.size,
      platform: { os, architecture },
    });
    const json = {
      schemaVersion: 2,
      mediaType: OCI_INDEX,
      manifests: [entry(amd64, 'linux', 'amd64'), entry(wasm, 'wasip1', 'wasm')],
    };
    const { session, reference } = sessionFor(`${text}:all`, PUSH);
    must(await writeManifest(session, reference.tag, { mediaType: OCI_INDEX, json }));
    expect(Buffer.from(must(await pull(`${text}:all`)))).toEqual(MODULE);
  });

  test('says what is not there', async () => {
    const missing = await pull(`${registry.host}/nowhere:v1`);
    expect(missing).toMatchObject({ ok: false, error: { code: 'LAT0407' } });
    expect(!missing.ok && missing.error.message).toBe(`there is no ${registry.host}/nowhere:v1`);
    for (const tag of ['release-1', 'edge'])
      must(await push(`${registry.host}/tagged:${tag}`, MODULE));
    const near = await pull(`${registry.host}/tagged:relaese-1`);
    expect(!near.ok && near.error.fix).toBe('did you mean :release-1?');
    const far = await pull(`${registry.host}/tagged:v7`);
    expect(!far.ok && far.error.fix).toBe('its tags are edge, release-1');
  });

  test('keeps signatures, of several keys, and each is for its image alone', async () => {
    const [ours, theirs] = [keyPair(), keyPair()];
    const name = `${registry.host}/signed`;
    const pushed = must(await push(`${name}:v1`, MODULE));
    const { session, reference } = sessionFor(`${name}:v1`, PUSH);
    const verified = (...keys: readonly ReturnType<typeof keyPair>[]) =>
      verifyImage(
        session,
        [pushed.digest],
        keys.map(({ verification }) => [verification]),
      );
    expect(await verified(ours)).toMatchObject({ error: { code: 'LAT0411' } });
    must(await signImage(session, reference, pushed.digest, ours.signing));
    expect(await verified(ours)).toEqual({ ok: true, value: [ours.signing.id] });
    expect(await verified(theirs)).toMatchObject({ error: { code: 'LAT0412' } });
    expect(await verified(ours, theirs)).toMatchObject({ error: { code: 'LAT0412' } });
    must(await signImage(session, reference, pushed.digest, theirs.signing));
    expect(must(await verified(ours, theirs)).length).toBe(2);
    // The signature of one image, put where another's belongs.
    const other = must(await push(`${name}:v2`, OTHER));
    const tag = await session.call({
      method: 'GET',
      path: `manifests/sha256-${pushed.digest}.sig`,
      headers: { accept: OCI_MANIFEST },
      bytesMax: 100_000,
    });
    const json = JSON.parse(must(tag).body.toString('utf8'));
    must(
      await writeManifest(session, `sha256-${other.digest}.sig`, { mediaType: OCI_MANIFEST, json }),
    );
    const moved = await verifyImage(session, [other.digest], [[ours.verification]]);
    expect(moved).toMatchObject({ error: { code: 'LAT0412' } });
    expect(!moved.ok && moved.error.message).toContain('another image');
  });

  test("keeps cosign 3's signatures as referrers, with a list under a tag", async () => {
    const ours = keyPair();
    const pushed = must(await push(`${registry.host}/bundled:v1`, MODULE));
    const { session } = sessionFor(`${registry.host}/bundled:v1`, PUSH);
    await attachBundle(session, pushed, ours);
    const verified = (key: typeof ours) =>
      verifyImage(session, [pushed.digest], [[key.verification]]);
    expect(await verified(ours)).toEqual({ ok: true, value: [ours.signing.id] });
    expect(await verified(keyPair())).toMatchObject({ error: { code: 'LAT0412' } });
  });
});

describe.skipIf(noRegistry !== undefined)(
  `a registry that asks who is there ${noRegistry ?? ''}`,
  () => {
    test('by Basic lets in who has the password', async () => {
      await using registry = await DockerRegistry.start({ htpasswd: HTPASSWD });
      const text = `${registry.host}/private:v1`;
      must(await push(text, MODULE, { login: 'user:s3cret' }));
      expect(Buffer.from(must(await pull(text, { login: 'user:s3cret' })))).toEqual(MODULE);
      const [none, wrong] = [await pull(text), await pull(text, { login: 'user:guessed' })];
      expect(none).toMatchObject({ error: { code: 'LAT0409' } });
      expect(!none.ok && none.error.message).toContain('there are none');
      expect(wrong).toMatchObject({ error: { code: 'LAT0409' } });
      expect(JSON.stringify([none, wrong])).not.toMatch(/guessed|Z3Vlc3NlZ/);
    });

    test('by tokens lets in who has the password, and everybody to what is public', async () => {
      await using tokens = await TokenServer.start({
        user: 'me',
        password: 'pw',
        anonymousPull: true,
      });
      await using registry = await DockerRegistry.start({ token: tokens.settings });
      const text = `${registry.host}/public:v1`;
      must(await push(text, MODULE, { login: 'me:pw' }));
      expect(Buffer.from(must(await pull(text)))).toEqual(MODULE);
      expect(tokens.asked).toEqual([
        'test registry repository:public:pull,push',
        'test registry repository:public:pull',
      ]);
      const refused = await push(text, OTHER);
      expect(refused).toMatchObject({ error: { code: 'LAT0409' } });
      const wrong = await pull(text, { login: 'me:guessed' });
      expect(wrong).toMatchObject({ error: { code: 'LAT0409' } });
      expect(JSON.stringify(wrong)).not.toMatch(/guessed/);
    });
  },
);
