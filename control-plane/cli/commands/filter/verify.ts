import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Problem } from '@lateen/sdk/base/problem';
import { sha256 } from '../../../modules/digest.ts';
import { moduleProblem, SIGNATURE_MISSING } from '../../../modules/problem.ts';
import { verifyDetached } from '../../../modules/signature/detached.ts';
import { EXIT_FINDINGS, type Format, type Io } from '../../io.ts';
import { giveUp, sayProblems } from '../../say.ts';
import { readPublicKey } from './keys.ts';
import { readNamed } from './module-file.ts';

export interface VerifyOptions {
  readonly target: string;
  readonly key: string;
  readonly output: Format;
}

/** Checks the signature of a module of a file; what it finds wrong is no failure of the command. */
export async function verify(options: VerifyOptions, io: Io): Promise<number> {
  const module = await readNamed(options.target, 'the module', io);
  if (!module.ok) return giveUp(module.error, io);
  const key = await readPublicKey(options.key, io);
  if (!key.ok) return giveUp(key.error, io);
  const path = `${options.target}.sig`;
  const there = await stat(resolve(io.environment.cwd, path)).catch(() => undefined);
  if (there === undefined) {
    const fix = `lateen filter sign ${options.target} --key cosign.key`;
    return find(moduleProblem(SIGNATURE_MISSING, `there is no ${path}`, fix), options, io);
  }
  const signature = await readNamed(path, 'the signature', io);
  if (!signature.ok) return giveUp(signature.error, io);
  const verdict = verifyDetached(module.value, signature.value.toString('utf8'), [key.value]);
  if (!verdict.ok) return find(verdict.error, options, io);
  const digest = sha256(module.value);
  if (options.output === 'json') {
    io.out(JSON.stringify({ verified: true, sha256: digest, key: key.value.id }));
  } else io.out(`sha256:${digest} was signed with key ${key.value.id.slice(0, 16)}`);
  return 0;
}

function find(problem: Problem, options: VerifyOptions, io: Io): number {
  const named = { ...problem, origin: { resource: options.target } };
  if (options.output === 'json') io.out(JSON.stringify({ verified: false, problem: named }));
  else sayProblems([named], io);
  return EXIT_FINDINGS;
}
