import type { Problem } from '@lateen/sdk/base/problem';
import { fail, ok, type Result } from '@lateen/sdk/base/result';
import { sha256 } from './digest.ts';
import { fetchModule } from './fetch.ts';
import { fetchHttp } from './fetch-http.ts';
import type { DockerConfig } from './oci/credentials.ts';
import { openSession, type RegistryPolicy } from './oci/open-session.ts';
import { pullModule, resolveImage } from './oci/pull.ts';
import { parseReference } from './oci/reference.ts';
import {
  DIGEST_MISMATCH,
  FETCH_REFUSED,
  failed,
  moduleProblem,
  SIGNATURE_MISSING,
  SIGNATURE_REQUIRED,
  SIGNATURE_WRONG,
  TOO_LARGE,
} from './problem.ts';
import { DETACHED_BYTES_MAX, verifyDetached } from './signature/detached.ts';
import { verifyImage } from './signature/image-signature.ts';
import { isTrusted, type KeyGroups } from './signature/trust.ts';

/** What is wanted: from where, and what must be true of it. */
export interface Wanted {
  readonly url: string;
  /** Of the module or, for images, of the manifest, as in Istio. */
  readonly sha256: string | undefined;
  readonly docker: DockerConfig | undefined;
  readonly groups: KeyGroups;
}

/** A module whose digest and signatures are as they should be. */
export interface Obtained {
  readonly bytes: Uint8Array;
  /** Digest of the image's manifest. */
  readonly manifest: string | undefined;
  /** Ids of keys whose signatures were checked. */
  readonly signedBy: readonly string[];
}

export interface Means {
  readonly policy: RegistryPolicy;
  readonly signal: AbortSignal;
  /** A module that this manifest gave before. */
  readonly known: (manifest: string) => Promise<Uint8Array | undefined>;
}

/** Brings a module here. One attempt; nothing that was not asked for is compiled or kept. */
export function obtainModule(wanted: Wanted, means: Means): Promise<Result<Obtained>> {
  return /^oci:/i.test(wanted.url) ? obtainImage(wanted, means) : obtainFile(wanted, means);
}

async function obtainImage(wanted: Wanted, means: Means): Promise<Result<Obtained>> {
  const reference = parseReference(wanted.url);
  if (!reference.ok) return reference;
  const { docker, groups } = wanted;
  const { policy, signal } = means;
  const session = openSession(reference.value, policy, { docker, actions: 'pull', signal });
  const resolved = await resolveImage(session, reference.value);
  if (!resolved.ok) return resolved;
  const { named, digest: manifest, image } = resolved.value;
  const byManifest = wanted.sha256 === named || wanted.sha256 === manifest;
  // Before the module itself is asked for: what nobody vouches for is not even downloaded.
  const signedBy = await verifyImage(session, [named, manifest], groups);
  if (!signedBy.ok) return signedBy;
  const known = await means.known(manifest);
  const bytes = known === undefined ? await pullModule(session, image) : ok(known);
  if (!bytes.ok) return bytes;
  const right = byManifest ? ok(undefined) : checkDigest(bytes.value, wanted.sha256, manifest);
  return right.ok ? ok({ bytes: bytes.value, manifest, signedBy: signedBy.value }) : right;
}

async function obtainFile(wanted: Wanted, means: Means): Promise<Result<Obtained>> {
  const { url, groups } = wanted;
  const { policy, signal } = means;
  const bytes = await fetchModule(url, policy.limits, signal);
  if (!bytes.ok) return bytes;
  const right = checkDigest(bytes.value, wanted.sha256);
  if (!right.ok) return right;
  if (groups.length === 0) return ok({ bytes: bytes.value, manifest: undefined, signedBy: [] });
  const signedBy = await verifyBeside(bytes.value, wanted, means);
  if (!signedBy.ok) return signedBy;
  return ok({ bytes: bytes.value, manifest: undefined, signedBy: signedBy.value });
}

/** `URL.sig` is what `cosign sign-blob` wrote, one signature a line. */
async function verifyBeside(
  bytes: Uint8Array,
  { url, groups }: Wanted,
  { policy, signal }: Means,
): Promise<Result<readonly string[]>> {
  if (/^data:/i.test(url)) {
    return failed(
      SIGNATURE_REQUIRED,
      'a module that stands in the resource itself cannot have a signature',
      'serve it as a file with FILE.sig beside it, or push and sign it',
    );
  }
  const limits = { ...policy.limits, moduleBytesMax: DETACHED_BYTES_MAX };
  const beside = signatureUrl(url);
  const text = /^http/i.test(url)
    ? await fetchHttp(beside, limits, signal)
    : await fetchModule(beside, limits, signal);
  if (!text.ok) return fail(aboutSignature(text.error, beside));
  const signedBy: string[] = [];
  let wrong: Result<readonly string[]> | undefined;
  for (const line of Buffer.from(text.value).toString('utf8').trim().split(/\s+/)) {
    const verdict = verifyDetached(bytes, line, groups.flat());
    if (verdict.ok) signedBy.push(verdict.value.id);
    else wrong = verdict;
  }
  if (isTrusted(signedBy, groups)) return ok(signedBy);
  return wrong ?? failed(SIGNATURE_WRONG, `${beside} lacks the signature of the mesh`);
}

function signatureUrl(url: string): string {
  if (!URL.canParse(url)) return `${url}.sig`;
  const beside = new URL(url);
  beside.pathname += '.sig';
  return beside.href;
}

/** What it means for the module that its signature could not be had. */
function aboutSignature(problem: Problem, url: string): Problem {
  const absent = problem.code === FETCH_REFUSED || /^file:/i.test(url);
  if (absent) {
    const fix = 'lateen filter sign FILE --key cosign.key writes it; serve it beside the module';
    return moduleProblem(SIGNATURE_MISSING, `the module is not signed: no ${url}`, fix);
  }
  if (problem.code !== TOO_LARGE) return problem;
  return moduleProblem(SIGNATURE_WRONG, `${url} is too large for a signature`);
}

/** `manifest` is the digest that an image may be named by as well. */
function checkDigest(
  bytes: Uint8Array,
  wanted: string | undefined,
  manifest?: string,
): Result<void> {
  if (wanted === undefined) return ok(undefined);
  const actual = sha256(bytes);
  if (wanted === actual) return ok(undefined);
  const image = manifest === undefined ? '' : `, that of its image ${manifest}`;
  return failed(
    DIGEST_MISMATCH,
    `the module's sha256 is ${actual}${image}, not ${wanted}`,
    'correct sha256 if the module was meant to change',
  );
}
