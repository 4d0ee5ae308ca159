import { isJsonObject, type JsonObject } from '@lateen/sdk/base/json';
import type { VerificationKey } from './public-key.ts';

/** sigstore's bundles, in which cosign 3 keeps the signatures of images. */
export const BUNDLE_TYPE = /^application\/vnd\.dev\.sigstore\.bundle\.v0\.3\+json$/;
const STATEMENT = 'application/vnd.in-toto+json';
const SIGN_PREDICATE = 'https://sigstore.dev/cosign/sign/v1';
const SIGNATURES_MAX = 8;

export type BundleVerdict =
  | { readonly kind: 'signed'; readonly by: readonly VerificationKey[] }
  /** By none of the keys. */
  | { readonly kind: 'unknown' }
  /** By one of the keys, but not for this. */
  | { readonly kind: 'fault'; readonly why: string };

/**
 * Who signed the image with this digest: the envelope (DSSE) of the bundle holds an in-toto statement
 * that names it. What else a bundle has (certificates, entries of a log) is for other modes.
 */
export function verifyBundle(
  bytes: Uint8Array,
  digest: string,
  keys: readonly VerificationKey[],
): BundleVerdict {
  const envelope = parseJson(bytes)?.['dsseEnvelope'];
  if (!isJsonObject(envelope)) return { kind: 'unknown' };
  const { payload, payloadType, signatures } = envelope;
  if (typeof payload !== 'string' || typeof payloadType !== 'string') return { kind: 'unknown' };
  const body = Buffer.from(payload, 'base64');
  const signed = preAuthentication(payloadType, body);
  const list = Array.isArray(signatures) ? signatures.slice(0, SIGNATURES_MAX) : [];
  const by = keys.filter((key) => list.some((each) => key.verifies(signed, signatureOf(each))));
  if (by.length === 0) return { kind: 'unknown' };
  const why = faultOf(payloadType, body, digest);
  return why === undefined ? { kind: 'signed', by } : { kind: 'fault', why };
}

/** DSSE's pre-authentication encoding: the type is signed too, with lengths against mix-ups. */
export function preAuthentication(payloadType: string, body: Uint8Array): Buffer {
  const type = Buffer.from(payloadType, 'utf8');
  const head = `DSSEv1 ${type.length} ${payloadType} ${body.length} `;
  return Buffer.concat([Buffer.from(head, 'utf8'), body]);
}

function signatureOf(entry: unknown): Buffer {
  const sig = isJsonObject(entry) ? entry['sig'] : undefined;
  return Buffer.from(typeof sig === 'string' ? sig : '', 'base64');
}

/** Read only once a key has vouched for it. */
function faultOf(payloadType: string, body: Uint8Array, digest: string): string | undefined {
  const statement = payloadType === STATEMENT ? parseJson(body) : undefined;
  if (statement === undefined) return 'what is signed is no in-toto statement';
  // An attestation (of a build, of a scan) by the same key is not a signature.
  if (statement['predicateType'] !== SIGN_PREDICATE) return 'what is signed is of another type';
  const subjects = statement['subject'];
  const named = Array.isArray(subjects) && subjects.some((subject) => digestOf(subject) === digest);
  return named ? undefined : 'it is for another image';
}

function digestOf(subject: unknown): unknown {
  const digest = isJsonObject(subject) ? subject['digest'] : undefined;
  return isJsonObject(digest) ? digest['sha256'] : undefined;
}

function parseJson(bytes: Uint8Array): JsonObject | undefined {
  try {
    const json: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    return isJsonObject(json) ? json : undefined;
  } catch {
    return undefined;
  }
}
