import { isJsonObject } from '@lateen/sdk/base/json';
import { ok, type Result } from '@lateen/sdk/base/result';
import type { AddressClass } from '../address-guard.ts';
import { type Classify, exchange, isPassing, shown, target } from '../exchange.ts';
import type { FetchLimits } from '../limits.ts';
import { ADDRESS_REFUSED, CREDENTIALS_INVALID, FETCH_REFUSED, failed } from '../problem.ts';
import { refusedBy } from '../retry-after.ts';
import type { Challenge } from './challenge.ts';
import { basic, type Credential } from './credentials.ts';

const TOKEN_BYTES_MAX = 64 * 1024;

export interface TokenRequest {
  /** What asked for a token, and what kind of address it has. */
  readonly registry: URL;
  readonly address: AddressClass;
  readonly challenge: Challenge;
  /** What we want to do; what the registry would have us ask for does not count. */
  readonly scope: string;
  readonly credential: Credential | undefined;
  readonly limits: FetchLimits;
  readonly signal: AbortSignal;
  readonly classify?: Classify | undefined;
}

/**
 * The token that a registry's Bearer challenge asks for. The realm was written by whoever runs the
 * registry: it is judged as a redirect is, and no redirect of its own is followed.
 */
export async function fetchToken(wanted: TokenRequest): Promise<Result<string>> {
  const { challenge, registry, credential } = wanted;
  const given = challenge.params.get('realm') ?? '';
  if (!URL.canParse(given)) {
    return failed(FETCH_REFUSED, `${shown(registry)} names no realm where tokens are to be had`);
  }
  const realm = target(registry, given);
  if (!realm.ok) return realm;
  const asked = request(realm.value, wanted);
  const answer = await exchange(
    {
      ...asked,
      bytesMax: TOKEN_BYTES_MAX,
      timeoutMs: wanted.limits.timeoutMs,
      previous: wanted.address,
    },
    wanted.signal,
    wanted.classify,
  );
  if (!answer.ok) return answer.error.code === ADDRESS_REFUSED ? inside(realm.value) : answer;
  const { status, body } = answer.value;
  if (status === 200) return tokenOf(body, realm.value);
  if (isPassing(status)) return refusedBy(answer.value, `${shown(realm.value)} answers ${status}`);
  const why = credential === undefined ? 'gives no token without credentials' : 'gives no token';
  return failed(
    CREDENTIALS_INVALID,
    `${shown(realm.value)} ${why} (${status})`,
    'imagePullSecret for a plugin; docker login for the command line',
  );
}

/** GET with Basic credentials; a refresh token goes by OAuth 2, in the body of a POST. */
function request(realm: URL, { challenge, scope, credential }: TokenRequest) {
  const service = challenge.params.get('service') ?? '';
  const url = new URL(realm);
  url.hash = '';
  if (credential?.kind === 'identity') {
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      service,
      scope,
      client_id: 'lateen',
      refresh_token: credential.token,
    });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return { method: 'POST', url, headers, body: Buffer.from(form.toString()) } as const;
  }
  if (service !== '') url.searchParams.set('service', service);
  url.searchParams.set('scope', scope);
  const headers: Record<string, string> = {};
  if (credential?.kind === 'password') {
    headers['authorization'] = basic(credential);
  }
  return { method: 'GET', url, headers } as const;
}

function tokenOf(body: Buffer, realm: URL): Result<string> {
  let json: unknown;
  try {
    json = JSON.parse(body.toString('utf8'));
  } catch {
    json = undefined;
  }
  const token = isJsonObject(json) ? (json['token'] ?? json['access_token']) : undefined;
  // What goes into a header field must be what a header field can hold.
  if (typeof token === 'string' && /^[\x21-\x7e]+$/.test(token)) return ok(token);
  return failed(FETCH_REFUSED, `${shown(realm)} answers without a token`);
}

function inside<T>(realm: URL): Result<T> {
  return failed(
    ADDRESS_REFUSED,
    `tokens are to be had at ${shown(realm)}, an address that is not asked`,
    'a registry may not send us to this machine, a private network or a metadata service',
  );
}
