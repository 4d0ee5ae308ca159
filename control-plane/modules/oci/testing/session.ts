import type { Result } from '@lateen/sdk/base/result';
import { FETCH_LIMITS } from '../../limits.ts';
import type { DockerConfig } from '../credentials.ts';
import { openSession, type RegistryPolicy } from '../open-session.ts';
import { parseReference, type Reference } from '../reference.ts';
import type { RegistrySession } from '../session.ts';

/** The value, or a test that fails with the problem's own words. */
export function must<T>(result: Result<T, { readonly message: string }>): T {
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

export interface TestSession {
  readonly session: RegistrySession;
  readonly reference: Reference;
}

export interface TestSessionOptions extends Partial<RegistryPolicy> {
  /** `user:password` for every registry. */
  readonly login?: string;
  readonly actions?: 'pull' | 'pull,push';
}

export function sessionFor(text: string, options: TestSessionOptions = {}): TestSession {
  const { login, actions = 'pull', ...policy } = options;
  const reference = must(parseReference(text));
  const session = openSession(
    reference,
    { limits: { ...FETCH_LIMITS, timeoutMs: 10_000 }, insecureRegistries: [], ...policy },
    { docker: dockerFor(reference.registry, login), actions, signal: new AbortController().signal },
  );
  return { session, reference };
}

function dockerFor(registry: string, login: string | undefined): DockerConfig | undefined {
  if (login === undefined) return undefined;
  const [user = '', password = ''] = login.split(':');
  return {
    auths: new Map([[registry, { kind: 'password', user, password }]]),
    helper: () => undefined,
  };
}
