import { isJsonObject, type JsonObject } from '@lateen/sdk/base/json';
import { ok, type Result } from '@lateen/sdk/base/result';
import { failed, NOT_AN_IMAGE } from '../problem.ts';

export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
const DOCKER_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json';
export const MANIFEST_TYPES = [OCI_MANIFEST, DOCKER_MANIFEST, OCI_INDEX, DOCKER_LIST];

const LAYERS_MAX = 128;
const IMAGES_MAX = 256;
const SIZE_MAX = 2 ** 40;

/** A thing of the registry: what it is, how long, and the digest that it must have. */
export interface Descriptor {
  readonly mediaType: string;
  /** 64 hexadecimal digits of SHA-256. */
  readonly digest: string;
  readonly size: number;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface Image {
  readonly kind: 'image';
  readonly docker: boolean;
  readonly layers: readonly Descriptor[];
  readonly annotations: Readonly<Record<string, string>>;
}

export interface ImageIndex {
  readonly kind: 'index';
  readonly images: readonly IndexEntry[];
}

export interface IndexEntry extends Descriptor {
  readonly platform: string;
  readonly artifactType: string | undefined;
}

/** Reads a manifest; what it is stands in it, and in `contentType` where it says nothing. */
export function parseManifest(bytes: Buffer, contentType: string): Result<Image | ImageIndex> {
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString('utf8'));
  } catch {
    return failed(NOT_AN_IMAGE, 'the manifest is no JSON');
  }
  if (!isJsonObject(json)) return failed(NOT_AN_IMAGE, 'the manifest is no JSON object');
  if (json['schemaVersion'] !== 2) {
    return failed(NOT_AN_IMAGE, 'the manifest is not of schema version 2');
  }
  const stated = json['mediaType'];
  const served = (contentType.split(';')[0] ?? '').trim().toLowerCase();
  const type = typeof stated === 'string' && stated !== '' ? stated : served;
  switch (type) {
    case OCI_INDEX:
    case DOCKER_LIST:
      return parseIndex(json);
    case OCI_MANIFEST:
    case DOCKER_MANIFEST:
      return parseImage(json, type === DOCKER_MANIFEST);
    default:
      return failed(NOT_AN_IMAGE, `the manifest is of type ${JSON.stringify(type.slice(0, 100))}`);
  }
}

function parseImage(json: JsonObject, docker: boolean): Result<Image> {
  // One body that is a manifest to one reader and an index to another.
  if (json['manifests'] !== undefined) {
    return failed(NOT_AN_IMAGE, 'the manifest is an image and an index at once');
  }
  const layers = parseList(json['layers'], LAYERS_MAX, 'layers');
  if (!layers.ok) return layers;
  const annotations = strings(json['annotations']);
  return ok({ kind: 'image', docker, layers: layers.value, annotations });
}

function parseIndex(json: JsonObject): Result<ImageIndex> {
  if (json['layers'] !== undefined || json['config'] !== undefined) {
    return failed(NOT_AN_IMAGE, 'the manifest is an image and an index at once');
  }
  const list = json['manifests'];
  const descriptors = parseList(list, IMAGES_MAX, 'manifests');
  if (!descriptors.ok) return descriptors;
  const entries = list as readonly JsonObject[];
  const images = descriptors.value.map((each, at) => {
    const { platform, artifactType } = entries[at] ?? {};
    const type = typeof artifactType === 'string' ? artifactType : undefined;
    return { ...each, platform: platformOf(platform), artifactType: type };
  });
  return ok({ kind: 'index', images });
}

function parseList(list: unknown, max: number, field: string): Result<readonly Descriptor[]> {
  if (!Array.isArray(list) || list.length > max) {
    return failed(NOT_AN_IMAGE, `the manifest's ${field} are no list of at most ${max}`);
  }
  const descriptors: Descriptor[] = [];
  for (const [index, item] of list.entries()) {
    const descriptor = parseDescriptor(item);
    if (descriptor === undefined) {
      return failed(NOT_AN_IMAGE, `the manifest's ${field}[${index}] is no descriptor`);
    }
    descriptors.push(descriptor);
  }
  return ok(descriptors);
}

function parseDescriptor(item: unknown): Descriptor | undefined {
  if (!isJsonObject(item)) return undefined;
  const { mediaType, digest, size } = item;
  // It is shown in messages, so it must be what can be shown.
  if (typeof mediaType !== 'string' || !/^[!-~]{0,255}$/.test(mediaType)) return undefined;
  if (typeof digest !== 'string') return undefined;
  const hex = /^sha256:([0-9a-f]{64})$/.exec(digest)?.[1];
  if (hex === undefined || typeof size !== 'number') return undefined;
  if (!Number.isSafeInteger(size) || size < 0 || size > SIZE_MAX) return undefined;
  return { mediaType, digest: hex, size, annotations: strings(item['annotations']) };
}

function platformOf(platform: unknown): string {
  if (!isJsonObject(platform)) return '';
  const { os, architecture } = platform;
  return [os, architecture].map(shownPart).join('/');
}

function shownPart(part: unknown): string {
  return typeof part === 'string' && /^[\w.-]{1,64}$/.test(part) ? part : '';
}

function strings(value: unknown): Readonly<Record<string, string>> {
  if (!isJsonObject(value)) return {};
  const texts = Object.entries(value).filter(([, item]) => typeof item === 'string');
  return Object.fromEntries(texts) as Record<string, string>;
}

/** The image for Wasm where there is one, as Istio the one for linux/amd64, else the only one. */
export function chooseImage(index: ImageIndex): Result<Descriptor> {
  const images = index.images.filter(
    ({ platform, mediaType }) =>
      platform !== 'unknown/unknown' &&
      (mediaType === OCI_MANIFEST || mediaType === DOCKER_MANIFEST),
  );
  const chosen =
    images.find(({ platform }) => /^(wasi|wasm|js)|\/wasm$/.test(platform)) ??
    images.find(({ platform }) => platform === 'linux/amd64') ??
    (images.length === 1 ? images[0] : undefined);
  if (chosen !== undefined) return ok(chosen);
  const platforms = images.map(({ platform }) => platform).join(', ') || 'no image';
  return failed(NOT_AN_IMAGE, `the index has none for wasm or linux/amd64 (it has ${platforms})`);
}
