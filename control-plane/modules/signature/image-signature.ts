import { isJsonObject } from '@lateen/sdk/base/json';
import { ok, type Result } from '@lateen/sdk/base/result';
import type { Descriptor } from '../oci/manifest.ts';
import { readBlob, readManifest } from '../oci/read.ts';
import { formatReference, type Reference } from '../oci/reference.ts';
import { readReferrers } from '../oci/referrers.ts';
import type { RegistrySession } from '../oci/session.ts';
import { failed, SIGNATURE_MISSING, SIGNATURE_WRONG } from '../problem.ts';
import { BUNDLE_TYPE, verifyBundle } from './bundle.ts';
import type { VerificationKey } from './public-key.ts';
import { isTrusted, type KeyGroups } from './trust.ts';

export const SIMPLE_SIGNING = 'application/vnd.dev.cosign.simplesigning.v1+json';
export const SIGNATURE_ANNOTATION = 'dev.cosignproject.cosign/signature';
const PAYLOAD_TYPE = 'cosign container image signature';
const PAYLOAD_BYTES_MAX = 64 * 1024;
/** With a certificate and the proof of a log it may be larger than what is signed. */
const BUNDLE_BYTES_MAX = 256 * 1024;
const SIGNATURES_MAX = 32;

/** Where cosign keeps the signatures of what has this digest. */
export function signatureTag(digest: string): string {
  return `sha256-${digest}.sig`;
}

/** What is signed for an image: it names the digest, and for readers where it was first. */
export function simpleSigning(digest: string, reference: Reference): Buffer {
  const name = formatReference({ ...reference, tag: undefined, digest: undefined });
  const payload = {
    critical: {
      identity: { 'docker-reference': name },
      image: { 'docker-manifest-digest': `sha256:${digest}` },
      type: PAYLOAD_TYPE,
    },
    optional: null,
  };
  return Buffer.from(JSON.stringify(payload));
}

/**
 * Checks cosign's signatures of an image, by what its reference names (an index is signed as one)
 * or by the image itself. Returns the ids of the keys that signed.
 */
export async function verifyImage(
  session: RegistrySession,
  digests: readonly string[],
  groups: KeyGroups,
): Promise<Result<readonly string[]>> {
  if (groups.length === 0) return ok([]);
  const seen: Seen = { signedBy: new Set(), signatures: 0, faults: [] };
  for (const digest of new Set(digests)) {
    for (const check of [checkTag, checkBundles]) {
      const checked = await check(session, digest, groups.flat(), seen);
      if (!checked.ok) return checked;
      if (isTrusted([...seen.signedBy], groups)) return ok([...seen.signedBy]);
    }
  }
  if (seen.signatures === 0) {
    const fix = 'lateen filter sign REF --key cosign.key, or cosign sign --key cosign.key REF';
    return failed(SIGNATURE_MISSING, `sha256:${digests[0]} is not signed`, fix);
  }
  const why = seen.faults[0] ?? 'it was made with another key';
  const many = seen.signatures === 1 ? 'the signature' : `none of ${seen.signatures} signatures`;
  const verb = seen.signatures === 1 ? 'does not count' : 'counts';
  return failed(SIGNATURE_WRONG, `${many} of sha256:${digests[0]} ${verb}: ${why}`, KEY_FIX);
}

const KEY_FIX = 'sign what the reference stands for now, with the key that is asked for';

interface Seen {
  readonly signedBy: Set<string>;
  signatures: number;
  readonly faults: string[];
}

/** Where cosign kept signatures until its version 3, and still does if it is asked to. */
async function checkTag(
  session: RegistrySession,
  digest: string,
  keys: readonly VerificationKey[],
  seen: Seen,
): Promise<Result<void>> {
  const manifest = await readManifest(session, signatureTag(digest));
  if (!manifest.ok) return manifest;
  if (manifest.value?.content.kind !== 'image') return ok(undefined);
  const layers = manifest.value.content.layers.filter(
    ({ mediaType }) => mediaType === SIMPLE_SIGNING,
  );
  for (const layer of layers.slice(0, SIGNATURES_MAX)) {
    seen.signatures += 1;
    const payload = await readBlob(session, layer, PAYLOAD_BYTES_MAX);
    if (!payload.ok) return payload;
    const signers = signersOf(layer, payload.value, keys);
    const fault = signers.length === 0 ? undefined : faultOf(payload.value, digest);
    if (fault === undefined) for (const { id } of signers) seen.signedBy.add(id);
    else seen.faults.push(fault);
  }
  return ok(undefined);
}

/** Where cosign 3 keeps them. */
async function checkBundles(
  session: RegistrySession,
  digest: string,
  keys: readonly VerificationKey[],
  seen: Seen,
): Promise<Result<void>> {
  const referrers = await readReferrers(session, digest, BUNDLE_TYPE);
  if (!referrers.ok) return referrers;
  const layers = referrers.value.flatMap((image) => image.layers);
  for (const layer of layers.filter(({ mediaType }) => BUNDLE_TYPE.test(mediaType))) {
    const bundle = await readBlob(session, layer, BUNDLE_BYTES_MAX);
    if (!bundle.ok) return bundle;
    seen.signatures += 1;
    const verdict = verifyBundle(bundle.value, digest, keys);
    if (verdict.kind === 'signed') for (const { id } of verdict.by) seen.signedBy.add(id);
    if (verdict.kind === 'fault') seen.faults.push(verdict.why);
  }
  return ok(undefined);
}

function signersOf(
  layer: Descriptor,
  payload: Buffer,
  keys: readonly VerificationKey[],
): readonly VerificationKey[] {
  const signature = Buffer.from(layer.annotations[SIGNATURE_ANNOTATION] ?? '', 'base64');
  return keys.filter((key) => key.verifies(payload, signature));
}

/** Read only once a key has vouched for it: is it about this image? */
function faultOf(payload: Buffer, digest: string): string | undefined {
  let json: unknown;
  try {
    json = JSON.parse(payload.toString('utf8'));
  } catch {
    return 'what is signed is no JSON';
  }
  const critical = isJsonObject(json) ? json['critical'] : undefined;
  if (!isJsonObject(critical)) return 'what is signed is no simple signing payload';
  const { image, type } = critical;
  if (type !== PAYLOAD_TYPE) return 'what is signed is of another type';
  const signed = isJsonObject(image) ? image['docker-manifest-digest'] : undefined;
  return signed === `sha256:${digest}` ? undefined : 'it is for another image';
}
