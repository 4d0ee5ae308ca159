import type { Classify } from '../exchange.ts';
import type { FetchLimits } from '../limits.ts';
import { type Credential, credentialFor, type DockerConfig } from './credentials.ts';
import type { Reference } from './reference.ts';
import { RegistrySession, type Security } from './session.ts';

/** How this process deals with registries. */
export interface RegistryPolicy {
  readonly limits: FetchLimits;
  /** `host[:port]` of registries that may be spoken to without TLS; `*` is all. */
  readonly insecureRegistries: readonly string[];
  readonly classify?: Classify | undefined;
}

export interface SessionRequest {
  readonly docker: DockerConfig | undefined;
  readonly actions: 'pull' | 'pull,push';
  readonly signal: AbortSignal;
}

export function openSession(
  reference: Reference,
  policy: RegistryPolicy,
  { docker, actions, signal }: SessionRequest,
): RegistrySession {
  const credential: Credential | undefined = credentialFor(docker, reference);
  const { limits, classify, insecureRegistries } = policy;
  const security = securityOf(reference.registry, insecureRegistries);
  return new RegistrySession(reference, {
    limits,
    signal,
    credential,
    security,
    actions,
    classify,
  });
}

/** A registry on this machine may be without TLS: what it sends passes no network. */
function securityOf(registry: string, insecure: readonly string[]): Security {
  const host = registry.replace(/:\d+$/, '');
  if (insecure.some((each) => each === '*' || each === registry || each === host)) return 'any';
  const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/i.test(host);
  return loopback ? 'tls or plain' : 'tls';
}
