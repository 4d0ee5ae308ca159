import { ok, type Result } from '@lateen/sdk/base/result';
import type { AddressClass } from '../address-guard.ts';
import { type Classify, exchange, type Incoming, isRedirect, shown, target } from '../exchange.ts';
import type { FetchLimits } from '../limits.ts';
import { CREDENTIALS_INVALID, FETCH_FAILED, failed } from '../problem.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import { basic, type Credential } from './credentials.ts';
import type { Reference } from './reference.ts';
import { fetchToken } from './token.ts';

const REDIRECTS_MAX = 5;

/** How a registry may be spoken to; `any` is plain HTTP and certificates nobody vouches for. */
export type Security = 'tls' | 'tls or plain' | 'any';

export interface SessionOptions {
  readonly limits: FetchLimits;
  readonly signal: AbortSignal;
  readonly credential: Credential | undefined;
  readonly security: Security;
  /** What the session is going to do, for the token. */
  readonly actions: 'pull' | 'pull,push';
  readonly classify?: Classify | undefined;
}

export interface Call {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT';
  /** Below `/v2/<repository>/`, or a URL that the registry gave. */
  readonly path: string | URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly bytesMax: number;
}

export interface Reply extends Incoming {
  /** Where the answer came from, after redirects. */
  readonly url: URL;
}

interface Base {
  readonly url: URL;
  readonly address: AddressClass;
}

/**
 * Talks to one repository of one registry: finds out whether it speaks TLS, answers its challenge
 * and follows its redirects. Credentials go to the registry and to the token server it names, and
 * nowhere else.
 */
export class RegistrySession {
  readonly #reference: Reference;
  readonly #options: SessionOptions;
  #base: Base | undefined;
  #authorization: string | undefined;

  constructor(reference: Reference, options: SessionOptions) {
    this.#reference = reference;
    this.#options = options;
  }

  get limits(): FetchLimits {
    return this.#options.limits;
  }

  /** Any status but 401 is an answer; what it means is the caller's to say. */
  async call(call: Call): Promise<Result<Reply>> {
    const first = await this.#follow(call);
    if (!first.ok || first.value.status !== 401) return first;
    const allowed = await this.#authorize(first.value);
    if (!allowed.ok) return allowed;
    const second = await this.#follow(call);
    return second.ok && second.value.status === 401 ? this.#refused() : second;
  }

  async #follow(call: Call): Promise<Result<Reply>> {
    const base = await this.#open();
    if (!base.ok) return base;
    const { url: root, address } = base.value;
    const path = `/v2/${this.#reference.repository}/${call.path}`;
    const own = typeof call.path === 'string';
    let url = own ? new URL(path, root) : new URL(call.path);
    let previous = url.origin === root.origin ? undefined : address;
    for (let count = 0; count <= REDIRECTS_MAX; count += 1) {
      const answer = await this.#send(call, url, previous, url.origin === root.origin);
      if (!answer.ok) return answer;
      const { location } = answer.value.headers;
      const reads = call.method === 'GET' || call.method === 'HEAD';
      const moved = reads && isRedirect(answer.value.status) && typeof location === 'string';
      if (!moved) return ok({ ...answer.value, url });
      const next = target(url, location);
      if (!next.ok) return next;
      previous = answer.value.address;
      url = next.value;
    }
    return failed(FETCH_FAILED, `${shown(url)} redirects more than ${REDIRECTS_MAX} times`);
  }

  #send(
    call: Call,
    url: URL,
    previous: AddressClass | undefined,
    ours: boolean,
  ): Promise<Result<Incoming>> {
    const { limits, signal, security, classify } = this.#options;
    const authorization = ours ? this.#authorization : undefined;
    const headers = {
      'accept-encoding': 'identity',
      ...call.headers,
      ...(authorization === undefined ? {} : { authorization }),
    };
    const outgoing = {
      method: call.method,
      url,
      headers,
      bytesMax: call.bytesMax,
      timeoutMs: limits.timeoutMs,
      previous,
      anyCertificate: security === 'any' && ours,
      ...(call.body === undefined ? {} : { body: call.body }),
    };
    return exchange(outgoing, signal, classify);
  }

  /** https; where the registry need not be secure and does not speak TLS at all, http. */
  async #open(): Promise<Result<Base>> {
    if (this.#base !== undefined) return ok(this.#base);
    const probe = { method: 'GET', path: '', bytesMax: this.limits.manifestBytesMax } as const;
    const { registry } = this.#reference;
    const schemes = this.#options.security === 'tls' ? ['https'] : ['https', 'http'];
    let answer: Result<Incoming> | undefined;
    for (const scheme of schemes) {
      const url = new URL(`${scheme}://${registry}/v2/`);
      answer = await this.#send(probe, url, undefined, true);
      if (!answer.ok && answer.error.code === FETCH_FAILED) continue;
      if (!answer.ok) return answer;
      this.#base = { url, address: answer.value.address };
      return ok(this.#base);
    }
    if (answer?.ok === false) return answer;
    return failed(FETCH_FAILED, `${registry} does not answer`);
  }

  async #authorize(refusal: Reply): Promise<Result<void>> {
    const { credential } = this.#options;
    const field = refusal.headers['www-authenticate'];
    const challenges = parseChallenges(Array.isArray(field) ? field.join(', ') : (field ?? ''));
    const named = (scheme: string): Challenge | undefined =>
      challenges.find((each) => each.scheme === scheme);
    const bearer = named('bearer');
    if (credential?.kind === 'token') {
      this.#authorization = `Bearer ${credential.token}`;
      return ok(undefined);
    }
    if (bearer !== undefined) return this.#takeToken(bearer, refusal);
    if (named('basic') === undefined || credential?.kind !== 'password') return this.#refused();
    this.#authorization = basic(credential);
    return ok(undefined);
  }

  async #takeToken(challenge: Challenge, refusal: Reply): Promise<Result<void>> {
    const { credential, actions, limits, signal, classify } = this.#options;
    const token = await fetchToken({
      registry: refusal.url,
      address: refusal.address,
      challenge,
      scope: `repository:${this.#reference.repository}:${actions}`,
      credential,
      limits,
      signal,
      classify,
    });
    if (!token.ok) return token;
    this.#authorization = `Bearer ${token.value}`;
    return ok(undefined);
  }

  #refused<T>(): Result<T> {
    const { registry } = this.#reference;
    return this.#options.credential === undefined
      ? failed(CREDENTIALS_INVALID, `${registry} asks for credentials and there are none`, LOGIN)
      : failed(CREDENTIALS_INVALID, `${registry} refuses the credentials that it was given`, LOGIN);
  }
}

const LOGIN = 'imagePullSecret for a plugin; docker login for the command line';
