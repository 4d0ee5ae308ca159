import { ok, type Result } from '@lateen/sdk/base/result';
import { failed, REFERENCE_INVALID } from '../problem.ts';

/** An image in a registry: `registry.example:5000/team/filter:v1@sha256:...` */
export interface Reference {
  /** `host[:port]`; Docker Hub where none was written. */
  readonly registry: string;
  readonly repository: string;
  /** Undefined where a digest alone was written. */
  readonly tag: string | undefined;
  /** 64 hexadecimal digits. */
  readonly digest: string | undefined;
}

export const DOCKER_HUB = 'index.docker.io';
const REFERENCE_BYTES_MAX = 1024;
const REPOSITORY_BYTES_MAX = 255;

const HOST =
  /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?$/;
const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** Reads `oci://REF` or a bare `REF`, by the grammar of the distribution specification. */
export function parseReference(text: string): Result<Reference> {
  const bare = text.replace(/^oci:\/\//i, '');
  const wrong = (why: string, fix?: string): Result<Reference> =>
    failed(REFERENCE_INVALID, `${JSON.stringify(text.slice(0, 200))} ${why}`, fix);
  if (bare.length > REFERENCE_BYTES_MAX) return wrong('is too long for an image');
  if (bare.includes('@') && bare.indexOf('@') < bare.indexOf('/')) {
    return wrong('holds credentials', 'put them into a pull secret or a docker config file');
  }
  const [beforeDigest = '', digest, ...more] = bare.split('@');
  if (more.length > 0) return wrong('has more than one digest');
  if (digest !== undefined && !DIGEST.test(digest)) {
    return wrong(`has the digest ${digest.slice(0, 100)}`, 'write @sha256: and 64 digits');
  }
  const slash = beforeDigest.lastIndexOf('/');
  const colon = beforeDigest.indexOf(':', slash + 1);
  const name = colon < 0 ? beforeDigest : beforeDigest.slice(0, colon);
  const tag = colon < 0 ? undefined : beforeDigest.slice(colon + 1);
  if (tag !== undefined && !TAG.test(tag)) return wrong(`has the tag ${JSON.stringify(tag)}`);
  const { registry, repository } = split(name);
  if (!HOST.test(registry) || !URL.canParse(`https://${registry}`)) {
    return wrong(`names the registry ${JSON.stringify(registry)}`, 'write host[:port]/repository');
  }
  if (repository.length > REPOSITORY_BYTES_MAX || !repository.split('/').every(isComponent)) {
    const fix = /[A-Z]/.test(repository) ? 'repositories have lower-case names' : undefined;
    return wrong(`names the repository ${JSON.stringify(repository)}`, fix);
  }
  return ok({
    registry,
    repository,
    tag: tag ?? (digest === undefined ? 'latest' : undefined),
    digest: digest?.slice('sha256:'.length),
  });
}

/** The reference as it is written, with what was left out. */
export function formatReference({ registry, repository, tag, digest }: Reference): string {
  const at = digest === undefined ? '' : `@sha256:${digest}`;
  return `${registry}/${repository}${tag === undefined ? '' : `:${tag}`}${at}`;
}

/** As Docker does: the first part is a registry if it looks like a host, else it is Docker Hub's. */
function split(name: string): { readonly registry: string; readonly repository: string } {
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0));
  if (first === '' || !(/[.:]/.test(first) || first === 'localhost')) {
    const official = slash < 0 ? `library/${name}` : name;
    return { registry: DOCKER_HUB, repository: official };
  }
  const hub = first === 'docker.io' || first === 'registry-1.docker.io';
  const repository = name.slice(slash + 1);
  if (!hub) return { registry: first, repository };
  const official = repository.includes('/') ? repository : `library/${repository}`;
  return { registry: DOCKER_HUB, repository: official };
}

function isComponent(part: string): boolean {
  return COMPONENT.test(part);
}
