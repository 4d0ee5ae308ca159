import { ok, type Result } from '@lateen/sdk/base/result';
import { isPassing } from '../exchange.ts';
import { type Image, OCI_INDEX, parseManifest } from './manifest.ts';
import { readManifest, unexpected } from './read.ts';
import type { RegistrySession } from './session.ts';

const REFERRERS_MAX = 16;

/**
 * The manifests of this artifact type whose subject has this digest (distribution specification
 * 1.1): by the registry's own list, else by the list under the tag `sha256-<digest>`.
 */
export async function readReferrers(
  session: RegistrySession,
  digest: string,
  artifactType: RegExp,
): Promise<Result<readonly Image[]>> {
  const index = await readIndex(session, digest);
  if (!index.ok) return index;
  const fitting = index.value.filter((each) => artifactType.test(each.artifactType ?? ''));
  const images: Image[] = [];
  for (const { digest: own } of fitting.slice(-REFERRERS_MAX)) {
    const manifest = await readManifest(session, `sha256:${own}`);
    if (!manifest.ok) return manifest;
    if (manifest.value?.content.kind === 'image') images.push(manifest.value.content);
  }
  return ok(images);
}

async function readIndex(session: RegistrySession, digest: string) {
  const reply = await session.call({
    method: 'GET',
    path: `referrers/sha256:${digest}`,
    headers: { accept: OCI_INDEX },
    bytesMax: session.limits.manifestBytesMax,
  });
  if (!reply.ok) return reply;
  const { status, body } = reply.value;
  if (status === 200) {
    const parsed = parseManifest(body, OCI_INDEX);
    if (!parsed.ok) return parsed;
    return ok(parsed.value.kind === 'index' ? parsed.value.images : []);
  }
  if (isPassing(status)) return unexpected<never>(reply.value);
  // Registries before 1.1 know no such path, and say so each in its own way.
  const tagged = await readManifest(session, `sha256-${digest}`);
  if (!tagged.ok) return tagged;
  return ok(tagged.value?.content.kind === 'index' ? tagged.value.content.images : []);
}
