import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ok, type Result } from '@lateen/sdk/base/result';
import { FETCH_LIMITS } from '../../../modules/limits.ts';
import {
  credentialFor,
  type DockerConfig,
  parseDockerConfig,
} from '../../../modules/oci/credentials.ts';
import { openSession } from '../../../modules/oci/open-session.ts';
import { parseReference, type Reference } from '../../../modules/oci/reference.ts';
import type { RegistrySession } from '../../../modules/oci/session.ts';
import { CREDENTIALS_INVALID, FETCH_FAILED, failed } from '../../../modules/problem.ts';
import type { Io } from '../../io.ts';
import { askHelper } from './credential-helper.ts';

const ATTEMPTS = 4;
const BACKOFF_MS = 250;
/** A person waits, and uploads go over slow lines. */
const TIMEOUT_MS = 60_000;

export interface Remote {
  readonly session: RegistrySession;
  readonly reference: Reference;
}

/** A session with the user's credentials: those that `docker login` wrote. */
export async function openRemote(
  text: string,
  actions: 'pull' | 'pull,push',
  io: Io,
): Promise<Result<Remote>> {
  const reference = parseReference(text);
  if (!reference.ok) return reference;
  const docker = await readDocker(reference.value, io);
  if (!docker.ok) return docker;
  const insecureRegistries = io.environment.insecureRegistries ?? [];
  const limits = { ...FETCH_LIMITS, timeoutMs: TIMEOUT_MS };
  const session = openSession(
    reference.value,
    { limits, insecureRegistries },
    { docker: docker.value, actions, signal: new AbortController().signal },
  );
  return ok({ session, reference: reference.value });
}

/** Is it a file that is meant, or an image? What exists is a file. */
export function isReference(target: string, exists: boolean): boolean {
  if (/^oci:\/\//i.test(target)) return true;
  return !exists && !/^[./]|\.wasm$/.test(target);
}

/** Tries again, in growing distance, what may pass by itself. */
export async function persist<T>(step: () => Promise<Result<T>>): Promise<Result<T>> {
  for (let attempt = 1; ; attempt += 1) {
    const result = await step();
    if (result.ok || result.error.code !== FETCH_FAILED || attempt === ATTEMPTS) return result;
    await pause(BACKOFF_MS * 2 ** (attempt - 1));
  }
}

/** The docker config of the user, with what its credential helper says of this registry. */
async function readDocker(reference: Reference, io: Io): Promise<Result<DockerConfig | undefined>> {
  const config = await readDockerFile(io);
  if (!config.ok || config.value === undefined) return config;
  const { auths, helper } = config.value;
  const program =
    credentialFor(config.value, reference) === undefined ? helper(reference.registry) : undefined;
  if (program === undefined) return config;
  const credential = await askHelper(program, reference.registry);
  if (!credential.ok) return credential;
  if (credential.value === undefined) return config;
  return ok({ helper, auths: new Map([...auths, [reference.registry, credential.value]]) });
}

async function readDockerFile({ environment }: Io): Promise<Result<DockerConfig | undefined>> {
  const { dockerConfig, userHome } = environment;
  const directory =
    dockerConfig ?? (userHome === undefined ? undefined : join(userHome, '.docker'));
  if (directory === undefined) return ok(undefined);
  try {
    return parseDockerConfig(await readFile(join(directory, 'config.json'), 'utf8'));
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return code === 'ENOENT' ? ok(undefined) : failed(CREDENTIALS_INVALID, message);
  }
}
