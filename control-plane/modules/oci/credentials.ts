import { isJsonObject, type JsonObject } from '@lateen/sdk/base/json';
import { ok, type Result } from '@lateen/sdk/base/result';
import { CREDENTIALS_INVALID, failed } from '../problem.ts';
import { DOCKER_HUB, type Reference } from './reference.ts';

/** What opens a registry. It stands in no message and in no log. */
export type Credential =
  | { readonly kind: 'password'; readonly user: string; readonly password: string }
  /** A refresh token, to be exchanged at the token server. */
  | { readonly kind: 'identity'; readonly token: string }
  /** A bearer token, sent as it is. */
  | { readonly kind: 'token'; readonly token: string };

/** The content of a docker `config.json`, and of Secrets of type kubernetes.io/dockerconfigjson. */
export interface DockerConfig {
  /** By registry, or registry and the beginning of a repository. */
  readonly auths: ReadonlyMap<string, Credential>;
  /** The program that keeps a registry's credentials elsewhere; who may run programs asks it. */
  readonly helper: (registry: string) => string | undefined;
}

const CONFIG_BYTES_MAX = 1024 * 1024;

/** Reads the JSON text; says nothing of what stands in it but where it is wrong. */
export function parseDockerConfig(text: string): Result<DockerConfig> {
  if (text.length > CONFIG_BYTES_MAX) return wrong(`is larger than ${CONFIG_BYTES_MAX} bytes`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return wrong('is no JSON');
  }
  if (!isJsonObject(json)) return wrong('is no JSON object');
  const given = json['auths'] ?? {};
  if (!isJsonObject(given)) return wrong('has auths that are no map');
  const auths = new Map<string, Credential>();
  for (const [server, entry] of Object.entries(given)) {
    if (!isJsonObject(entry)) return wrong(`has an entry for ${server} that is no map`);
    const credential = parseEntry(entry);
    if (credential === 'broken')
      return wrong(`has an auth for ${server} that is not user:password`);
    if (credential !== undefined) auths.set(normalized(server), credential);
  }
  return ok({ auths, helper: helperOf(json) });
}

/** The credential for a reference: that of the longest name that it begins with. */
export function credentialFor(
  config: DockerConfig | undefined,
  reference: Pick<Reference, 'registry' | 'repository'>,
): Credential | undefined {
  const whole = `${reference.registry.toLowerCase()}/${reference.repository}/`;
  const fitting = [...(config?.auths ?? [])].filter(([name]) => whole.startsWith(`${name}/`));
  return fitting.sort(([a], [b]) => b.length - a.length)[0]?.[1];
}

/** RFC 7617, in UTF-8. */
export function basic(credential: { readonly user: string; readonly password: string }): string {
  const pair = `${credential.user}:${credential.password}`;
  return `Basic ${Buffer.from(pair, 'utf8').toString('base64')}`;
}

function parseEntry(entry: JsonObject): Credential | 'broken' | undefined {
  const text = (field: string): string => {
    const value = entry[field];
    return typeof value === 'string' ? value : '';
  };
  if (text('identitytoken') !== '') return { kind: 'identity', token: text('identitytoken') };
  if (text('registrytoken') !== '') return { kind: 'token', token: text('registrytoken') };
  if (text('username') !== '') {
    return { kind: 'password', user: text('username'), password: text('password') };
  }
  if (text('auth') === '') return undefined;
  const decoded = Buffer.from(text('auth'), 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  if (colon < 1) return 'broken';
  const password = decoded.slice(colon + 1).replace(/\0+$/, '');
  return { kind: 'password', user: decoded.slice(0, colon), password };
}

/** `https://index.docker.io/v1/` and `registry.example` alike. */
function normalized(server: string): string {
  const [host = '', ...path] = server.replace(/^https?:\/\//i, '').split('/');
  const rest = path.filter((part) => part !== '').join('/');
  const hub = /^(docker\.io|registry-1\.docker\.io)$/.test(host);
  const name = hub ? DOCKER_HUB : host.toLowerCase();
  return rest === '' || rest === 'v1' || rest === 'v2' ? name : `${name}/${rest}`;
}

function helperOf(json: JsonObject): DockerConfig['helper'] {
  const { credsStore, credHelpers } = json;
  const special = isJsonObject(credHelpers) ? credHelpers : {};
  return (registry) => {
    const own = Object.hasOwn(special, registry) ? special[registry] : credsStore;
    return typeof own === 'string' && own !== '' ? own : undefined;
  };
}

function wrong<T>(why: string): Result<T> {
  const fix = 'docker login writes such files, kubectl create secret docker-registry such Secrets';
  return failed(CREDENTIALS_INVALID, `the docker config ${why}`, fix);
}
