import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ok, type Result } from '@lateen/sdk/base/result';
import { type DockerConfig, parseDockerConfig } from './modules/oci/credentials.ts';
import { CREDENTIALS_INVALID, failed, KEY_UNUSABLE } from './modules/problem.ts';
import { parsePublicKey, type VerificationKey } from './modules/signature/public-key.ts';
import type { ModuleSettings } from './plane.ts';

export interface ModuleFlags {
  /** Files of PEM public keys. */
  readonly keyFiles: readonly string[];
  readonly requireSigned: boolean;
  readonly insecureRegistries: readonly string[];
  /** Directory of a docker `config.json`. */
  readonly dockerConfig: string | undefined;
}

/** Reads what the flags name. A key or a config that cannot be read keeps the program from starting. */
export async function readModuleSettings(flags: ModuleFlags): Promise<Result<ModuleSettings>> {
  const keys: VerificationKey[] = [];
  for (const file of flags.keyFiles) {
    const key = await readKey(file);
    if (!key.ok) return key;
    keys.push(key.value);
  }
  const docker = await readDocker(flags.dockerConfig);
  if (!docker.ok) return docker;
  const { requireSigned: required, insecureRegistries } = flags;
  return ok({ trust: { required, keys }, insecureRegistries, docker: docker.value });
}

async function readKey(file: string): Promise<Result<VerificationKey>> {
  try {
    const key = parsePublicKey(await readFile(file, 'utf8'));
    return key.ok ? key : failed(KEY_UNUSABLE, `${file}: ${key.error.message}`, key.error.fix);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return failed(KEY_UNUSABLE, `cannot read the key of modules: ${reason}`);
  }
}

async function readDocker(
  directory: string | undefined,
): Promise<Result<DockerConfig | undefined>> {
  if (directory === undefined) return ok(undefined);
  const file = join(directory, 'config.json');
  try {
    return parseDockerConfig(await readFile(file, 'utf8'));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return failed(CREDENTIALS_INVALID, `DOCKER_CONFIG: ${reason}`);
  }
}
