import type { Problem } from '@lateen/sdk/base/problem';
import { fail, ok, type Result } from '@lateen/sdk/base/result';
import { sha256 } from '../../../modules/digest.ts';
import { resolveImage } from '../../../modules/oci/pull.ts';
import { isAboutTrust, moduleProblem, SIGNATURE_MISSING } from '../../../modules/problem.ts';
import { verifyDetached } from '../../../modules/signature/detached.ts';
import { verifyImage } from '../../../modules/signature/image-signature.ts';
import type { VerificationKey } from '../../../modules/signature/public-key.ts';
import { EXIT_FINDINGS, type Format, type Io } from '../../io.ts';
import { giveUp, sayProblems } from '../../say.ts';
import { readPublicKey } from './keys.ts';
import { isFile, readNamed } from './module-file.ts';
import { isReference, openRemote, persist } from './registry.ts';

export interface VerifyOptions {
  readonly target: string;
  readonly key: string;
  readonly output: Format;
}

/** Checks the signature of a module; what it finds wrong is no failure of the command. */
export async function verify(options: VerifyOptions, io: Io): Promise<number> {
  const key = await readPublicKey(options.key, io);
  if (!key.ok) return giveUp(key.error, io);
  const { target } = options;
  const exists = await isFile(target, io);
  const digest = isReference(target, exists)
    ? await persist(() => verifyRemote(target, key.value, io))
    : await verifyFile(target, key.value, io);
  if (!digest.ok) {
    return isAboutTrust(digest.error.code)
      ? find(digest.error, options, io)
      : giveUp(digest.error, io);
  }
  if (options.output === 'json') {
    io.out(JSON.stringify({ verified: true, sha256: digest.value, key: key.value.id }));
  } else io.out(`sha256:${digest.value} was signed with key ${key.value.id.slice(0, 16)}`);
  return 0;
}

/** The digest of the module. */
async function verifyFile(target: string, key: VerificationKey, io: Io): Promise<Result<string>> {
  const module = await readNamed(target, 'the module', io);
  if (!module.ok) return module;
  const path = `${target}.sig`;
  if (!(await isFile(path, io))) {
    const fix = `lateen filter sign ${target} --key cosign.key`;
    return fail(moduleProblem(SIGNATURE_MISSING, `there is no ${path}`, fix));
  }
  const signature = await readNamed(path, 'the signature', io);
  if (!signature.ok) return signature;
  const verdict = verifyDetached(module.value, signature.value.toString('utf8'), [key]);
  return verdict.ok ? ok(sha256(module.value)) : verdict;
}

/** The digest of what the reference names. */
async function verifyRemote(target: string, key: VerificationKey, io: Io): Promise<Result<string>> {
  const remote = await openRemote(target, 'pull', io);
  if (!remote.ok) return remote;
  const { session, reference } = remote.value;
  const resolved = await resolveImage(session, reference);
  if (!resolved.ok) return resolved;
  const { named, digest } = resolved.value;
  const verified = await verifyImage(session, [named, digest], [[key]]);
  return verified.ok ? ok(named) : verified;
}

function find(problem: Problem, options: VerifyOptions, io: Io): number {
  const named = { ...problem, origin: { resource: options.target } };
  if (options.output === 'json') io.out(JSON.stringify({ verified: false, problem: named }));
  else sayProblems([named], io);
  return EXIT_FINDINGS;
}
