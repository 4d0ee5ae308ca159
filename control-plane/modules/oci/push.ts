import { gzipSync } from 'node:zlib';
import { ok, type Result } from '@lateen/sdk/base/result';
import { sha256 } from '../digest.ts';
import { OCI_LAYER, PLUGIN_FILE, WASM_LAYER } from './layers.ts';
import { type Descriptor, OCI_MANIFEST } from './manifest.ts';
import type { Reference } from './reference.ts';
import type { RegistrySession } from './session.ts';
import { tarOf } from './tar.ts';
import { type Blob, writeBlob, writeDescriptor, writeManifest } from './write.ts';

export const SCHEMA_LAYER = 'application/schema+json';
export const README_LAYER = 'text/markdown';
export const SOURCE_MAP_LAYER = 'application/vnd.lateen.source-map.v1+json';
export const TITLE = 'org.opencontainers.image.title';
const CONFIG = 'application/vnd.oci.image.config.v1+json';

/** What goes beside a module, for those who use it and those who look for a fault in it. */
export interface ModuleParts {
  readonly module: Uint8Array;
  /** JSON schema of its configuration. */
  readonly schema?: Uint8Array | undefined;
  readonly readme?: Uint8Array | undefined;
  readonly sourceMap?: Uint8Array | undefined;
  /** `org.opencontainers.image.*` and others, of the image. */
  readonly annotations: Readonly<Record<string, string>>;
}

export interface Pushed {
  /** Of the manifest. */
  readonly digest: string;
  /** Of the module. */
  readonly module: string;
  readonly size: number;
}

/**
 * Pushes a module so that everybody finds it: as a layer that is the module, for readers of Wasm
 * artifacts, and as last layer an archive with `plugin.wasm`, for Istio and Envoy Gateway. The same
 * input gives the same image.
 */
export async function pushModule(
  session: RegistrySession,
  reference: Reference,
  parts: ModuleParts,
): Promise<Result<Pushed>> {
  const tar = tarOf(PLUGIN_FILE, parts.module);
  const blobs = [...plainLayers(parts), packedLayer(tar)];
  const config: Blob = { mediaType: CONFIG, bytes: configOf(blobs, tar) };
  const written: Descriptor[] = [];
  for (const blob of [config, ...blobs]) {
    const descriptor = await writeBlob(session, blob);
    if (!descriptor.ok) return descriptor;
    written.push(descriptor.value);
  }
  const [first, ...layers] = written.map(writeDescriptor);
  const json = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: first,
    layers,
    ...(Object.keys(parts.annotations).length > 0 ? { annotations: parts.annotations } : {}),
  };
  const manifest = await writeManifest(session, reference.tag, { mediaType: OCI_MANIFEST, json });
  if (!manifest.ok) return manifest;
  const { digest, size } = manifest.value;
  return ok({ digest, module: sha256(parts.module), size });
}

function plainLayers({ module, schema, readme, sourceMap }: ModuleParts): readonly Blob[] {
  const layers: readonly [Uint8Array | undefined, string, string][] = [
    [module, WASM_LAYER, PLUGIN_FILE],
    [schema, SCHEMA_LAYER, 'schema.json'],
    [readme, README_LAYER, 'README.md'],
    [sourceMap, SOURCE_MAP_LAYER, `${PLUGIN_FILE}.map`],
  ];
  return layers.flatMap(([bytes, mediaType, title]) =>
    bytes === undefined ? [] : [{ mediaType, bytes, annotations: { [TITLE]: title } }],
  );
}

function packedLayer(tar: Buffer): Blob {
  const bytes = gzipSync(tar, { level: 9 });
  // The operating system that gzip notes would make the same module two different images.
  bytes[9] = 255;
  return { mediaType: OCI_LAYER, bytes };
}

/** An image for `wasm`; a layer that is no archive is its own uncompressed form. */
function configOf(blobs: readonly Blob[], tar: Buffer): Uint8Array {
  const plain = blobs.slice(0, -1).map(({ bytes }) => bytes);
  const config = {
    architecture: 'wasm',
    os: 'wasip1',
    config: {},
    rootfs: { type: 'layers', diff_ids: [...plain, tar].map((bytes) => `sha256:${sha256(bytes)}`) },
  };
  return Buffer.from(JSON.stringify(config));
}
