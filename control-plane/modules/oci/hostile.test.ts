import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { verifyImage } from '../signature/image-signature.ts';
import { keyPair } from '../signature/testing/key-pair.ts';
import { OCI_INDEX, OCI_MANIFEST, parseManifest } from './manifest.ts';
import { resolveImage } from './pull.ts';
import { LIMITS, MODULE, pullFrom, refusal, WASM } from './testing/hostile.ts';
import { ScriptedRegistry } from './testing/scripted-registry.ts';
import { sessionFor } from './testing/session.ts';

const ARCHIVE = 'application/vnd.oci.image.layer.v1.tar+gzip';

let registry: ScriptedRegistry;
beforeEach(async () => {
  registry = await ScriptedRegistry.open();
});
afterEach(() => registry[Symbol.asyncDispose]());

const pull = () => pullFrom(registry);

describe('what a registry sends', () => {
  test('and is not what its digest says is refused', async () => {
    registry.layer({ mediaType: WASM, bytes: MODULE }, (_, response) => {
      response.end(Buffer.from('0061736d01000001', 'hex'));
    });
    expect(await pull()).toMatchObject(refusal('LAT0402'));
    registry.layer({ mediaType: WASM, bytes: MODULE }, (_, response) => response.end('short'));
    expect(await pull()).toMatchObject(refusal('LAT0402'));
  });

  test('under a digest must be what has it, manifests too', async () => {
    registry.on('*', (_, response) => {
      response.writeHead(200, { 'content-type': OCI_MANIFEST });
      response.end(JSON.stringify({ schemaVersion: 2, layers: [] }));
    });
    const { session, reference } = sessionFor(`${registry.host}/x@sha256:${'a'.repeat(64)}`);
    expect(await resolveImage(session, reference)).toMatchObject(refusal('LAT0402'));
  });

  test('without end is cut off at what was promised, or at the limit', async () => {
    const endless = (_: unknown, response: import('node:http').ServerResponse): void => {
      const more = (): void => {
        if (!response.destroyed)
          response.write(Buffer.alloc(16_384, 0x20), () => setImmediate(more));
      };
      more();
    };
    registry.layer({ mediaType: WASM, bytes: MODULE }, endless);
    expect(await pull()).toMatchObject(refusal('LAT0403'));
    registry.on('/v2/x/manifests/v1', endless);
    expect(await pull()).toMatchObject(refusal('LAT0403'));
  });

  test('is not even asked for where it says that it is too large', async () => {
    registry.layer({ mediaType: WASM, bytes: MODULE, size: 2 ** 39 }, (_, response) =>
      response.end(),
    );
    expect(await pull()).toMatchObject(refusal('LAT0403'));
    expect(registry.asked.filter((line) => line.includes('blobs'))).toEqual([]);
  });

  test('and swells when it is unpacked is refused', async () => {
    const bomb = gzipSync(Buffer.alloc(40_000_000));
    expect(bomb.length).toBeLessThan(LIMITS.moduleBytesMax);
    registry.layer({ mediaType: ARCHIVE, bytes: bomb }, (_, response) => response.end(bomb));
    const before = process.memoryUsage().arrayBuffers;
    expect(await pull()).toMatchObject(refusal('LAT0403'));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000_000);
  });

  test('byte by byte, or never, costs the time limit and no more', async () => {
    const started = performance.now();
    const limits = { ...LIMITS, timeoutMs: 500 };
    registry.layer({ mediaType: WASM, bytes: MODULE }, (_, response) => {
      response.write('\0');
      const timer = setInterval(() => response.write('a'), 200);
      response.on('close', () => clearInterval(timer));
    });
    expect(await pullFrom(registry, { limits })).toMatchObject(refusal('LAT0401'));
    registry.on('/v2/x/manifests/v1', () => {});
    expect(await pullFrom(registry, { limits })).toMatchObject(refusal('LAT0401'));
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  const digest = `sha256:${'a'.repeat(64)}`;
  const layer = { mediaType: WASM, digest, size: 8 };
  test.each([
    ['a page', '<html>', 'text/html', 'no JSON'],
    ['a list', [], OCI_MANIFEST, 'no JSON object'],
    ['schema 1', { schemaVersion: 1, fsLayers: [] }, OCI_MANIFEST, 'schema version 2'],
    ['of no known type', { schemaVersion: 2, layers: [layer] }, 'application/json', 'of type'],
    [
      'image and index at once',
      { schemaVersion: 2, layers: [layer], manifests: [] },
      OCI_MANIFEST,
      'at once',
    ],
    [
      'index and image at once',
      { schemaVersion: 2, layers: [layer], manifests: [] },
      OCI_INDEX,
      'at once',
    ],
    ['layers that are none', { schemaVersion: 2, layers: [1] }, OCI_MANIFEST, 'layers[0]'],
    [
      'a digest that is none',
      { schemaVersion: 2, layers: [{ ...layer, digest: 'sha256:../x' }] },
      OCI_MANIFEST,
      'layers[0]',
    ],
    [
      'a negative size',
      { schemaVersion: 2, layers: [{ ...layer, size: -1 }] },
      OCI_MANIFEST,
      'layers[0]',
    ],
    [
      'too many layers',
      { schemaVersion: 2, layers: Array(200).fill(layer) },
      OCI_MANIFEST,
      'at most',
    ],
    ['an index of nothing', { schemaVersion: 2, manifests: [] }, OCI_INDEX, 'no image'],
  ])('as a manifest and is %s is refused', async (_, json, type, why) => {
    registry.manifest(json, type);
    const pulled = await pull();
    expect(pulled).toMatchObject(refusal('LAT0414'));
    expect(!pulled.ok && pulled.error.message).toContain(why);
  });

  test('as an error may be longer than what was asked for, and without end', async () => {
    registry.layer({ mediaType: WASM, bytes: MODULE }, (_, response) => {
      response.writeHead(404).end('x'.repeat(5_000));
    });
    expect(await pull()).toMatchObject(refusal('LAT0407'));
    registry.layer({ mediaType: WASM, bytes: MODULE }, (_, response) => {
      response.writeHead(500);
      const more = (): void => {
        if (!response.destroyed) response.write(Buffer.alloc(9_000), () => setImmediate(more));
      };
      more();
    });
    expect(await pull()).toMatchObject(refusal('LAT0401'));
  });

  test('as names is shown only if it can be shown', async () => {
    const red = '\u001b[31m';
    registry.manifest({ schemaVersion: 2, layers: [{ ...layer, mediaType: `${red}x` }] });
    const named = await pull();
    registry.manifest(
      {
        schemaVersion: 2,
        manifests: [{ ...layer, mediaType: OCI_MANIFEST, platform: { os: red } }, layer],
      },
      OCI_INDEX,
    );
    for (const pulled of [named, await pull()]) {
      expect(pulled.ok ? '' : pulled.error.message).not.toContain('\u001b');
      expect(pulled).toMatchObject({ ok: false });
    }
  });

  test('in its errors is shown only as far as it can be shown', async () => {
    registry.on('/v2/x/manifests/v1', (_, response) => {
      response.writeHead(403).end('{"errors":[{"code":"DENIED","message":"not yours"}]}');
    });
    const told = await pull();
    expect(!told.ok && told.error.message).toContain('answers 403 (not yours)');
    registry.on('/v2/x/manifests/v1', (_, response) => {
      response.writeHead(429).end('{"errors":[{"message":"\u001b[31mred"}]}');
    });
    const hidden = await pull();
    expect(hidden).toMatchObject(refusal('LAT0401'));
    expect(!hidden.ok && hidden.error.message).toMatch(/answers 429$/);
  });
});

describe('a list of referrers', () => {
  const key = keyPair();
  const digest = 'a'.repeat(64);
  const verified = () => {
    const { session } = sessionFor(`${registry.host}/x:v1`, { limits: LIMITS });
    return verifyImage(session, [digest], [[key.verification]]);
  };
  const bundle = 'application/vnd.dev.sigstore.bundle.v0.3+json';

  test('of the registry itself is read', async () => {
    const manifests = [{ mediaType: OCI_MANIFEST, digest: `sha256:${digest}`, size: 1 }];
    const list = { schemaVersion: 2, mediaType: OCI_INDEX, manifests };
    registry.on(`/v2/x/referrers/sha256:${digest}`, (_, response) => {
      response.writeHead(200, { 'content-type': OCI_INDEX }).end(JSON.stringify(list));
    });
    // What is there is no bundle, so there is no signature.
    expect(await verified()).toMatchObject(refusal('LAT0411'));
    expect(registry.asked.at(-1)).toBe(`GET /v2/x/referrers/sha256:${digest}`);
  });

  test('that is long costs sixteen requests, and lies about what it lists', async () => {
    const entries = Array.from({ length: 200 }, (_, index) => ({
      mediaType: OCI_MANIFEST,
      digest: `sha256:${index.toString(16).padStart(64, '0')}`,
      size: 1,
      artifactType: bundle,
    }));
    const list = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: entries };
    registry.on(`/v2/x/referrers/sha256:${digest}`, (_, response) => {
      response.writeHead(200, { 'content-type': OCI_INDEX }).end(JSON.stringify(list));
    });
    expect(await verified()).toMatchObject(refusal('LAT0411'));
    expect(registry.asked.filter((line) => line.includes('sha256:000'))).toHaveLength(16);
    registry.on(`/v2/x/manifests/${entries.at(-1)?.digest}`, (_, response) => {
      response.writeHead(200, { 'content-type': OCI_MANIFEST }).end('{"schemaVersion":2}');
    });
    expect(await verified()).toMatchObject(refusal('LAT0402'));
  });

  test('that cannot be had now is no proof that there is none', async () => {
    registry.on(`/v2/x/referrers/sha256:${digest}`, (_, response) => response.writeHead(503).end());
    expect(await verified()).toMatchObject(refusal('LAT0401'));
  });
});

test('a manifest of any JSON is an outcome, never an exception', () => {
  const value = fc.jsonValue();
  const descriptor = fc.record(
    { mediaType: fc.oneof(fc.constant(WASM), value), digest: value, size: value },
    { requiredKeys: [] },
  );
  const manifest = fc.record(
    {
      schemaVersion: fc.constantFrom<unknown>(2, 1, '2'),
      mediaType: fc.constantFrom<unknown>(OCI_MANIFEST, OCI_INDEX, 1, ''),
      layers: fc.oneof(fc.array(descriptor), value),
      manifests: fc.oneof(fc.array(descriptor), value),
      annotations: value,
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(
      fc.oneof(manifest, value),
      fc.constantFrom(OCI_MANIFEST, OCI_INDEX),
      (json, type) => {
        const parsed = parseManifest(Buffer.from(JSON.stringify(json)), type);
        if (!parsed.ok) expect(parsed.error.code).toBe('LAT0414');
        else expect(['image', 'index']).toContain(parsed.value.kind);
      },
    ),
    { numRuns: 500 },
  );
});
