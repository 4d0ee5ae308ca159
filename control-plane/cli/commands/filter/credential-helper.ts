import { execFile } from 'node:child_process';
import { isJsonObject } from '@lateen/sdk/base/json';
import { ok, type Result } from '@lateen/sdk/base/result';
import type { Credential } from '../../../modules/oci/credentials.ts';
import { DOCKER_HUB } from '../../../modules/oci/reference.ts';
import { CREDENTIALS_INVALID, failed } from '../../../modules/problem.ts';

const TIMEOUT_MS = 20_000;
const ANSWER_BYTES_MAX = 64 * 1024;

/**
 * Asks the program `docker-credential-NAME`, where Docker Desktop and the clouds' tools keep
 * credentials. Undefined: it knows none for this registry.
 */
export async function askHelper(
  name: string,
  registry: string,
): Promise<Result<Credential | undefined>> {
  const program = `docker-credential-${name}`;
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(name)) {
    return failed(CREDENTIALS_INVALID, `${JSON.stringify(name)} is no name of a credential helper`);
  }
  const server = registry === DOCKER_HUB ? 'https://index.docker.io/v1/' : registry;
  const answer = await run(program, server);
  if (!answer.ok) return answer;
  let json: unknown;
  try {
    json = JSON.parse(answer.value);
  } catch {
    json = undefined;
  }
  const { Username: user, Secret: secret } = isJsonObject(json) ? json : {};
  // Helpers say in words, on standard output and with an exit code, that they know none.
  if (typeof user !== 'string' || typeof secret !== 'string') return ok(undefined);
  if (user === '<token>') return ok({ kind: 'identity', token: secret });
  return ok({ kind: 'password', user, password: secret });
}

function run(program: string, input: string): Promise<Result<string>> {
  return new Promise((resolve) => {
    const options = { timeout: TIMEOUT_MS, maxBuffer: ANSWER_BYTES_MAX };
    const child = execFile(program, ['get'], options, (error, stdout) => {
      const code = (error as { code?: unknown } | null)?.code;
      if (code === 'ENOENT') {
        const fix = 'install it, or take it out of the docker config';
        resolve(failed(CREDENTIALS_INVALID, `there is no program ${program}`, fix));
      } else resolve(ok(stdout));
    });
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}
