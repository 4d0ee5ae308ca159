import { CONTINUE, PAUSE } from '@lateen/sdk/abi/action';
import { LOG_DEBUG } from '@lateen/sdk/abi/buffers';
import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { replyWith } from '@lateen/sdk/assembly/host/local-reply';
import { debug, logs } from '@lateen/sdk/assembly/host/log';
import { configFor } from './configurations';
import { denialDetails, Policy } from './policy';
import { RuleSet } from './rbac-config';
import { rootOf, routeConfigOf } from './stream-state';

const FORBIDDEN = 403;
const BODY = Bytes.of('RBAC: access denied');
const NO_POLICY = denialDetails('none');

/** Lets the request pass, or answers it. */
export function authorizeRequest(stream: i32): i32 {
  const config = configFor(rootOf(stream), routeConfigOf(stream));
  if (config === null) return deny(null);
  const shadow = config.shadow;
  if (shadow !== null) decide(shadow, 'shadow ');
  const enforced = config.enforced;
  if (enforced === null || decide(enforced, '')) return CONTINUE;
  return deny(enforced.rules.matched);
}

function decide(set: RuleSet, kind: string): bool {
  const admitted = set.rules.admit();
  if (admitted) set.allowed.increment();
  else set.denied.increment();
  if (logs(LOG_DEBUG)) report(set.rules.matched, kind + (admitted ? 'allowed' : 'denied'));
  return admitted;
}

function report(policy: Policy | null, verdict: string): void {
  let name = 'none';
  if (policy !== null) name = policy.name;
  debug('{}, matched policy {}', verdict, name);
}

function deny(policy: Policy | null): i32 {
  let details = NO_POLICY;
  if (policy !== null) details = policy.details;
  replyWith(FORBIDDEN, details, BODY);
  return PAUSE;
}
