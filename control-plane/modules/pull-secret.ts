import { createHash } from 'node:crypto';
import { ok, type Result } from '@lateen/sdk/base/result';
import { type ConfigObject, isKind, type TypedObject } from '../api/object.ts';
import { type DockerConfig, parseDockerConfig } from './oci/credentials.ts';
import { CREDENTIALS_INVALID, failed } from './problem.ts';

const TYPE = 'kubernetes.io/dockerconfigjson';
const FIELD = '.dockerconfigjson';
const FIX = 'kubectl create secret docker-registry NAME --dry-run=client -o yaml writes one';

/** What a plugin's `imagePullSecret` stands for. */
export interface PullSecret {
  readonly docker: Result<DockerConfig>;
  /** Tells one content from another, and nothing else about it. */
  readonly fingerprint: string;
}

type Secret = TypedObject<'Secret'>;

/** The Secrets of a mesh, to be looked up by plugins of their own namespace. */
export class PullSecrets {
  readonly #secrets: ReadonlyMap<string, Secret>;

  constructor(objects: readonly ConfigObject[]) {
    const secrets = objects.filter((object) => isKind(object, 'Secret'));
    this.#secrets = new Map(
      secrets.map((secret) => [`${secret.metadata.namespace}/${secret.metadata.name}`, secret]),
    );
  }

  find(namespace: string, name: string): PullSecret {
    const secret = this.#secrets.get(`${namespace}/${name}`);
    if (secret === undefined) {
      const message = `there is no Secret ${namespace}/${name}`;
      return { docker: failed(CREDENTIALS_INVALID, message, FIX), fingerprint: 'none' };
    }
    const text = contentOf(secret);
    const fingerprint = createHash('sha256').update(JSON.stringify(secret.spec)).digest('hex');
    return { docker: text.ok ? parseDockerConfig(text.value) : text, fingerprint };
  }
}

function contentOf({ spec, metadata }: Secret): Result<string> {
  const name = `Secret ${metadata.namespace}/${metadata.name}`;
  if (spec.type !== TYPE) {
    return failed(CREDENTIALS_INVALID, `${name} is not of type ${TYPE}`, FIX);
  }
  const plain = spec.stringData?.[FIELD];
  if (plain !== undefined) return ok(plain);
  const base64 = spec.data?.[FIELD];
  if (base64 === undefined) return failed(CREDENTIALS_INVALID, `${name} has no ${FIELD}`, FIX);
  return ok(Buffer.from(base64, 'base64').toString('utf8'));
}
