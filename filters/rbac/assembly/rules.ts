import { Counter } from '@lateen/sdk/assembly/host/metrics';
import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { RequestHeaders } from './header-values';
import { Policy } from './policy';

const ALLOW = 0;
const DENY = 1;
const LOG = 2;

/** How the decisions of one set of rules are counted. */
export class Tally {
  readonly prefix: string;
  readonly kind: string;
  readonly eachPolicy: bool;

  /** `prefix` is the configuration's, `kind` is empty or `shadow_`. */
  constructor(prefix: string, kind: string, eachPolicy: bool) {
    this.prefix = 'rbac.' + prefix;
    this.kind = kind;
    this.eachPolicy = eachPolicy;
  }

  decisions(allowed: bool): Counter {
    return new Counter(this.prefix + this.outcome(allowed));
  }

  matches(policy: string, allowed: bool): Counter | null {
    if (!this.eachPolicy) return null;
    return new Counter(this.prefix + 'policy.' + policy + '.' + this.outcome(allowed));
  }

  private outcome(allowed: bool): string {
    return this.kind + (allowed ? 'allowed' : 'denied');
  }
}

/** `envoy.config.rbac.v3.RBAC`: policies and what it means that one of them matches. */
export class Rules {
  /** The first policy that the last request matched. */
  matched: Policy | null = null;
  private readonly action: i32;
  private readonly policies: Array<Policy> = [] as Policy[];
  private readonly allowed: Counter;
  private readonly denied: Counter;

  constructor(reader: JsonReader, headers: RequestHeaders, tally: Tally) {
    this.action = readAction(reader);
    this.allowed = tally.decisions(true);
    this.denied = tally.decisions(false);
    const policies = reader.child('policies');
    const names = policies.names.slice().sort();
    for (let i = 0; i < names.length; i++) {
      const counter = tally.matches(names[i], this.action !== DENY);
      this.policies.push(new Policy(names[i], policies.child(names[i]), headers, counter));
    }
    reader.refuseUnread();
  }

  /** Whether the request may pass; `matched` says by which policy or against which one. */
  allow(): bool {
    const matched = this.find();
    this.matched = matched;
    if (matched !== null) {
      const counter = matched.counter;
      if (counter !== null) counter.increment();
    }
    const passes = this.action === LOG || (matched !== null) === (this.action === ALLOW);
    if (passes) this.allowed.increment();
    else this.denied.increment();
    return passes;
  }

  /** In the order of their names, as in Envoy: the first that matches is the one that is told. */
  private find(): Policy | null {
    const wide = this.action !== ALLOW;
    const policies = this.policies;
    for (let i = 0; i < policies.length; i++) {
      const policy = unchecked(policies[i]);
      if (policy.matches(wide)) return policy;
    }
    return null;
  }
}

function readAction(reader: JsonReader): i32 {
  const name = reader.text('action', 'ALLOW');
  if (name === 'ALLOW') return ALLOW;
  if (name === 'DENY') return DENY;
  if (name !== 'LOG') reader.complain('action', 'is not ALLOW, DENY or LOG');
  return LOG;
}
