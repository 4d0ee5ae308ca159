import { ok, type Result } from '@lateen/sdk/base/result';
import { suggest } from '@lateen/sdk/base/suggest';
import { FETCH_REFUSED, failed, NOT_AN_IMAGE } from '../problem.ts';
import { chooseLayer, type ModuleLayer, openLayer } from './layers.ts';
import { chooseImage, type Image } from './manifest.ts';
import { readBlob, readManifest, readTags } from './read.ts';
import { formatReference, type Reference } from './reference.ts';
import type { RegistrySession } from './session.ts';

const TAGS_SHOWN = 8;

/** What a reference stands for now. */
export interface ResolvedImage {
  /** Digest of what the reference names: an index or the image itself. */
  readonly named: string;
  /** Digest of the image's manifest. */
  readonly digest: string;
  /** Bytes of the image's manifest. */
  readonly size: number;
  readonly image: Image;
}

/** Asks the registry what a reference stands for; downloads manifests alone. */
export async function resolveImage(
  session: RegistrySession,
  reference: Reference,
): Promise<Result<ResolvedImage>> {
  const { digest, tag } = reference;
  const name = digest === undefined ? (tag ?? 'latest') : `sha256:${digest}`;
  const named = await readManifest(session, name);
  if (!named.ok) return named;
  if (named.value === undefined) return missing(session, reference);
  const { content } = named.value;
  if (content.kind === 'image') {
    const { digest: own, size } = named.value;
    return ok({ named: own, digest: own, size, image: content });
  }
  const chosen = chooseImage(content);
  if (!chosen.ok) return chosen;
  const image = await readManifest(session, `sha256:${chosen.value.digest}`);
  if (!image.ok) return image;
  if (image.value === undefined) {
    return failed(
      FETCH_REFUSED,
      `the index names sha256:${chosen.value.digest}, which is not there`,
    );
  }
  if (image.value.content.kind !== 'image') {
    return failed(NOT_AN_IMAGE, 'the index holds another index');
  }
  const { digest: own, size, content: inner } = image.value;
  return ok({ named: named.value.digest, digest: own, size, image: inner });
}

/** Downloads the module of an image. */
export async function pullModule(
  session: RegistrySession,
  image: Image,
): Promise<Result<Uint8Array>> {
  const layer: Result<ModuleLayer> = chooseLayer(image);
  if (!layer.ok) return layer;
  const bytes = await readBlob(session, layer.value, session.limits.moduleBytesMax);
  return bytes.ok ? openLayer(layer.value, bytes.value, session.limits) : bytes;
}

/** Says what there is instead, if the registry tells. */
async function missing<T>(session: RegistrySession, reference: Reference): Promise<Result<T>> {
  const message = `there is no ${formatReference(reference)}`;
  const tags = await readTags(session);
  const near = suggest(reference.tag ?? '', tags);
  if (near !== undefined) return failed(FETCH_REFUSED, message, `did you mean :${near}?`);
  const some = tags.slice(0, TAGS_SHOWN).join(', ');
  const fix = some === '' ? 'push it, or correct the repository' : `its tags are ${some}`;
  return failed(FETCH_REFUSED, message, tags.length > TAGS_SHOWN ? `${fix}, ...` : fix);
}

/** The first layer of this type, raw; undefined where the image has none. */
export async function pullPart(
  session: RegistrySession,
  image: Image,
  mediaType: string,
): Promise<Result<Uint8Array | undefined>> {
  const layer = image.layers.find((each) => each.mediaType === mediaType);
  if (layer === undefined) return ok(undefined);
  return readBlob(session, layer, session.limits.moduleBytesMax);
}
