import type { Level } from '@lateen/sdk/base/problem';
import type { AuthorizationRule } from './authorization-policy.ts';
import type { FieldPath } from './located.ts';
import type { TypedObject } from './object.ts';

/** Says what of an object Lateen cannot do yet. */
export type Report = (level: Level, path: FieldPath, message: string, fix?: string) => void;

/** Fields of a source that speak of a peer's identity, which nothing proves yet. */
const IDENTITY_FIELDS = [
  'principals',
  'notPrincipals',
  'requestPrincipals',
  'notRequestPrincipals',
  'namespaces',
  'notNamespaces',
  'serviceAccounts',
  'notServiceAccounts',
  'trustDomains',
  'notTrustDomains',
] as const;

const CONDITIONS = new Set(['source.ip', 'remote.ip', 'destination.ip', 'destination.port']);

/** An AuthorizationPolicy is taken whole or refused whole: half of one would admit strangers. */
export function checkAuthorization(
  object: TypedObject<'AuthorizationPolicy'>,
  report: Report,
): void {
  const { spec } = object;
  const refused = 'so the whole AuthorizationPolicy is refused and nothing of it is in force';
  if (spec.action === 'CUSTOM' || spec.provider !== undefined) {
    report('error', ['spec', 'action'], `external authorization is not supported yet, ${refused}`);
  }
  for (const field of ['targetRef', 'targetRefs'] as const) {
    const value = spec[field];
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    report('error', ['spec', field], `${field} is not supported yet, ${refused}`);
  }
  for (const [index, rule] of (spec.rules ?? []).entries()) {
    checkRule(rule, ['spec', 'rules', index], refused, report);
  }
}

function checkRule(
  rule: AuthorizationRule,
  path: FieldPath,
  refused: string,
  report: Report,
): void {
  rule.from?.forEach(({ source }, index) => {
    for (const field of IDENTITY_FIELDS) {
      if (source[field] === undefined) continue;
      const message = `${field} needs identities (mTLS or JWT), which are not supported yet, ${refused}`;
      report('error', [...path, 'from', index, 'source', field], message);
    }
  });
  rule.when?.forEach((when, index) => {
    const known = CONDITIONS.has(when.key) || /^request\.headers\[[^\]]+\]$/.test(when.key);
    if (known) return;
    const message = `the condition ${JSON.stringify(when.key)} is not supported yet, ${refused}`;
    report('error', [...path, 'when', index, 'key'], message);
  });
}
