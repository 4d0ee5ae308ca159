import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { ok, type Result } from '@lateen/sdk/base/result';
import type { FetchLimits } from '../limits.ts';
import { failed, NOT_AN_IMAGE, TOO_LARGE } from '../problem.ts';
import type { Descriptor, Image } from './manifest.ts';
import { findInTar } from './tar.ts';

export const WASM_LAYER = 'application/vnd.module.wasm.content.layer.v1+wasm';
const DOCKER_LAYER = 'application/vnd.docker.image.rootfs.diff.tar.gzip';
export const OCI_LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip';
const WASM_LAYERS = new Set([
  WASM_LAYER,
  'application/vnd.wasm.content.layer.v1+wasm',
  'application/vnd.wasm.content.layer.v0+wasm',
  'application/wasm',
]);
/** The name of the module inside an archive, by the Wasm image specification. */
export const PLUGIN_FILE = 'plugin.wasm';

export type ModuleLayer = Descriptor & { readonly packed: boolean };

/**
 * Where an image keeps its module, as Istio reads it: in the last layer if that is an archive, else
 * in the layer that is a module itself.
 */
export function chooseLayer(image: Image): Result<ModuleLayer> {
  const last = image.layers.at(-1);
  if (last === undefined) return failed(NOT_AN_IMAGE, 'the image has no layers');
  const archives = image.docker ? [DOCKER_LAYER, OCI_LAYER] : [OCI_LAYER, DOCKER_LAYER];
  if (archives.includes(last.mediaType)) return ok({ ...last, packed: true });
  const raw = image.layers.filter(({ mediaType }) => WASM_LAYERS.has(mediaType));
  const [module, another] = raw;
  if (module !== undefined && another === undefined) return ok({ ...module, packed: false });
  if (another !== undefined) {
    return failed(NOT_AN_IMAGE, `the image has ${raw.length} layers that are modules`);
  }
  const types = image.layers.map(({ mediaType }) => mediaType.slice(0, 100)).join(', ');
  return failed(
    NOT_AN_IMAGE,
    `the image has no layer that is a module (it has ${types})`,
    `its last layer must be a gzipped archive with ${PLUGIN_FILE}, or one layer a Wasm module`,
  );
}

const inflate = promisify(gunzip);

/** The module that a layer's bytes hold. */
export async function openLayer(
  layer: ModuleLayer,
  bytes: Buffer,
  limits: FetchLimits,
): Promise<Result<Uint8Array>> {
  if (!layer.packed) return ok(bytes);
  let archive: Buffer;
  try {
    archive = await inflate(bytes, { maxOutputLength: limits.unpackedBytesMax });
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code !== 'ERR_BUFFER_TOO_LARGE') {
      return failed(NOT_AN_IMAGE, `the layer is not compressed with gzip: ${message}`);
    }
    const max = limits.unpackedBytesMax;
    return failed(TOO_LARGE, `the layer is larger than ${max} bytes once it is unpacked`);
  }
  const found = findInTar(archive, PLUGIN_FILE);
  if (!found.ok) return failed(NOT_AN_IMAGE, `the archive of the layer ${found.error}`);
  if (found.value === undefined) {
    return failed(NOT_AN_IMAGE, `there is no ${PLUGIN_FILE} in the last layer`);
  }
  if (found.value.length > limits.moduleBytesMax) {
    return failed(TOO_LARGE, `the module is larger than ${limits.moduleBytesMax} bytes`);
  }
  // The archive need not stay in memory with it.
  return ok(Uint8Array.from(found.value));
}
