import type { Problem } from '@lateen/sdk/base/problem';
import { isKind } from '../api/object.ts';
import type { PluginSource } from './plugin.ts';
import { configKeys } from './plugin-config.ts';
import { CONFIG_REFUSED, CREDENTIALS_INVALID, DIGEST_MISMATCH, isAboutTrust } from './problem.ts';

/** The problem at the line of the resource that has to do with it. */
export function locateProblem(source: PluginSource, problem: Problem): Problem {
  const { object, key } = source;
  const prefix = isKind(object, 'TrafficExtension') ? ['spec', 'wasm'] : ['spec'];
  const keys =
    problem.code === CONFIG_REFUSED ? configKeys(problem.message) : [fieldOf(problem.code, source)];
  const origin = object.source.at([...prefix, ...keys]);
  return { ...problem, origin: { ...origin, resource: key } };
}

function fieldOf(code: string, source: PluginSource): string {
  if (code === DIGEST_MISMATCH && source.sha256 !== undefined) return 'sha256';
  if (code === CREDENTIALS_INVALID && source.pullSecret !== undefined) return 'imagePullSecret';
  const signed = isAboutTrust(code) && code !== DIGEST_MISMATCH;
  return signed && source.verificationKey !== undefined ? 'verificationKey' : 'url';
}
