import { ok, type Result } from '@lateen/sdk/base/result';
import { sha256 } from '../digest.ts';
import { target } from '../exchange.ts';
import { FETCH_REFUSED, failed } from '../problem.ts';
import type { Descriptor } from './manifest.ts';
import { unexpected } from './read.ts';
import type { RegistrySession } from './session.ts';

const ANSWER_BYTES_MAX = 64 * 1024;

/** Bytes to be put into a registry, and how a manifest is to speak of them. */
export interface Blob {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  readonly annotations?: Readonly<Record<string, string>>;
}

export function describeBlob({ mediaType, bytes, annotations }: Blob): Descriptor {
  return { mediaType, digest: sha256(bytes), size: bytes.length, annotations: annotations ?? {} };
}

/** A descriptor as it stands in a manifest. */
export function writeDescriptor({ mediaType, digest, size, annotations }: Descriptor): object {
  const some = Object.keys(annotations).length > 0;
  return { mediaType, digest: `sha256:${digest}`, size, ...(some ? { annotations } : {}) };
}

/** Uploads what the repository does not have yet. */
export async function writeBlob(session: RegistrySession, blob: Blob): Promise<Result<Descriptor>> {
  const descriptor = describeBlob(blob);
  const digest = `sha256:${descriptor.digest}`;
  const bytesMax = ANSWER_BYTES_MAX;
  const there = await session.call({ method: 'HEAD', path: `blobs/${digest}`, bytesMax });
  if (!there.ok) return there;
  if (there.value.status === 200) return ok(descriptor);
  const opened = await session.call({ method: 'POST', path: 'blobs/uploads/', bytesMax });
  if (!opened.ok) return opened;
  if (opened.value.status !== 202) return unexpected(opened.value);
  const { location } = opened.value.headers;
  if (typeof location !== 'string') {
    return failed(FETCH_REFUSED, 'the registry does not say where the upload goes');
  }
  const upload = target(opened.value.url, location);
  if (!upload.ok) return upload;
  upload.value.searchParams.set('digest', digest);
  const written = await session.call({
    method: 'PUT',
    path: upload.value,
    headers: { 'content-type': 'application/octet-stream' },
    body: blob.bytes,
    bytesMax,
  });
  if (!written.ok) return written;
  return written.value.status === 201 ? ok(descriptor) : unexpected(written.value);
}

/** Puts a manifest under a tag or under its own digest; returns the digest. */
export async function writeManifest(
  session: RegistrySession,
  name: string | undefined,
  manifest: { readonly mediaType: string; readonly json: object },
): Promise<Result<{ readonly digest: string; readonly size: number }>> {
  const body = Buffer.from(JSON.stringify(manifest.json));
  const digest = sha256(body);
  const written = await session.call({
    method: 'PUT',
    path: `manifests/${name ?? `sha256:${digest}`}`,
    headers: { 'content-type': manifest.mediaType },
    body,
    bytesMax: ANSWER_BYTES_MAX,
  });
  if (!written.ok) return written;
  return written.value.status === 201
    ? ok({ digest, size: body.length })
    : unexpected(written.value);
}
