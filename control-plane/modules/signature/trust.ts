import { ok, type Result } from '@lateen/sdk/base/result';
import { failed, SIGNATURE_REQUIRED } from '../problem.ts';
import { parsePublicKey, type VerificationKey } from './public-key.ts';

/** What the whole mesh asks of every module that is not its own. */
export interface TrustPolicy {
  /** Every plugin must be signed. */
  readonly required: boolean;
  /** Not empty: by one of these, whatever else a plugin names. */
  readonly keys: readonly VerificationKey[];
}

export const TRUST_ALL: TrustPolicy = { required: false, keys: [] };

/** Of each group one key must have signed. No groups: no signature is asked for. */
export type KeyGroups = readonly (readonly VerificationKey[])[];

/**
 * Whose signatures a plugin's module must have: that of its own `verificationKey`, and that of the
 * mesh. Whoever may write plugins may write a key of his own: it narrows the mesh's policy only.
 */
export function keyGroups(own: string | undefined, policy: TrustPolicy): Result<KeyGroups> {
  const groups: (readonly VerificationKey[])[] = [];
  if (own !== undefined && own !== '') {
    const key = parsePublicKey(own);
    if (!key.ok) return key;
    groups.push([key.value]);
  }
  if (policy.keys.length > 0) groups.push(policy.keys);
  if (groups.length > 0 || !policy.required) return ok(groups);
  return failed(
    SIGNATURE_REQUIRED,
    'this mesh takes signed modules only, and the plugin names no verificationKey',
    'add verificationKey, or give the control plane the key with --module-key',
  );
}

/** Were all groups met by those who are known to have signed? */
export function isTrusted(signedBy: readonly string[], groups: KeyGroups): boolean {
  return groups.every((group) => group.some(({ id }) => signedBy.includes(id)));
}
