import { CONTINUE, PAUSE } from '@lateen/sdk/abi/action';
import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { replyWith } from '@lateen/sdk/assembly/host/local-reply';
import { debug } from '@lateen/sdk/assembly/host/log';
import { configFor } from './configurations';
import { matchedPolicy, Policy } from './policy';
import { Rules } from './rules';
import { rootOf, routeConfigOf } from './stream-state';

const FORBIDDEN = 403;
const BODY = Bytes.of('RBAC: access denied');
const NO_POLICY = matchedPolicy('none');

/** Lets the request pass or answers it. */
export function authorize(stream: i32): i32 {
  const config = configFor(rootOf(stream), routeConfigOf(stream));
  if (config === null) return deny(null);
  const shadow = config.shadow;
  if (shadow !== null) tryOut(shadow);
  const rules = config.rules;
  if (rules === null || rules.allow()) return CONTINUE;
  return deny(rules.matched);
}

function tryOut(shadow: Rules): void {
  const passes = shadow.allow();
  if (passes) debug('shadow rules allow the request, policy {}', nameOf(shadow.matched));
  else debug('shadow rules would deny the request, policy {}', nameOf(shadow.matched));
}

function deny(policy: Policy | null): i32 {
  debug('access denied, policy {}', nameOf(policy));
  let details = NO_POLICY;
  if (policy !== null) details = policy.details;
  replyWith(FORBIDDEN, details, BODY);
  return PAUSE;
}

function nameOf(policy: Policy | null): string {
  if (policy === null) return 'none';
  return policy.name;
}
