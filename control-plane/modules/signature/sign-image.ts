import { ok, type Result } from '@lateen/sdk/base/result';
import { type Descriptor, type Image, OCI_MANIFEST } from '../oci/manifest.ts';
import { readManifest } from '../oci/read.ts';
import type { Reference } from '../oci/reference.ts';
import type { RegistrySession } from '../oci/session.ts';
import { writeBlob, writeDescriptor, writeManifest } from '../oci/write.ts';
import {
  SIGNATURE_ANNOTATION,
  SIMPLE_SIGNING,
  signatureTag,
  simpleSigning,
} from './image-signature.ts';
import type { SigningKey } from './private-key.ts';

const CONFIG = 'application/vnd.oci.image.config.v1+json';

/**
 * Adds a signature to those of the manifest with this digest, where cosign looks for them. Two who
 * sign at the same moment may lose one of the two signatures: registries have no other way.
 */
export async function signImage(
  session: RegistrySession,
  reference: Reference,
  digest: string,
  key: SigningKey,
): Promise<Result<void>> {
  const tag = signatureTag(digest);
  const before = await readManifest(session, tag);
  if (!before.ok) return before;
  const bytes = simpleSigning(digest, reference);
  const signature = Buffer.from(key.sign(bytes)).toString('base64');
  const annotations = { [SIGNATURE_ANNOTATION]: signature };
  const layer = await writeBlob(session, { mediaType: SIMPLE_SIGNING, bytes, annotations });
  if (!layer.ok) return layer;
  const others = before.value?.content.kind === 'image' ? before.value.content : undefined;
  const layers = [...earlier(others, layer.value), layer.value];
  const config = await writeBlob(session, { mediaType: CONFIG, bytes: configOf(layers) });
  if (!config.ok) return config;
  const json = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: writeDescriptor(config.value),
    layers: layers.map(writeDescriptor),
  };
  const written = await writeManifest(session, tag, { mediaType: OCI_MANIFEST, json });
  return written.ok ? ok(undefined) : written;
}

/** All but those with the same signature, which Ed25519 and RSA give again. */
function earlier(image: Image | undefined, added: Descriptor): readonly Descriptor[] {
  const own = added.annotations[SIGNATURE_ANNOTATION];
  return (image?.layers ?? []).filter((each) => each.annotations[SIGNATURE_ANNOTATION] !== own);
}

function configOf(layers: readonly Descriptor[]): Uint8Array {
  const config = {
    architecture: '',
    os: '',
    config: {},
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => `sha256:${digest}`) },
  };
  return Buffer.from(JSON.stringify(config));
}
