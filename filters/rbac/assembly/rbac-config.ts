import { Counter } from '@lateen/sdk/assembly/host/metrics';
import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { Rules } from './rules';

/** Rules and the counters of what they decide. */
export class RuleSet {
  readonly rules: Rules;
  readonly allowed: Counter;
  readonly denied: Counter;

  constructor(rules: Rules, prefix: string) {
    this.rules = rules;
    this.allowed = new Counter('rbac.' + prefix + 'allowed');
    this.denied = new Counter('rbac.' + prefix + 'denied');
  }
}

/** `envoy.extensions.filters.http.rbac.v3.RBAC`, compiled. */
export class RbacConfig {
  /** Null: everything passes. */
  readonly enforced: RuleSet | null;
  /** Counted and logged only. */
  readonly shadow: RuleSet | null;

  constructor(reader: JsonReader) {
    const prefix = reader.text('rulesStatPrefix');
    const shadowPrefix = reader.text('shadowRulesStatPrefix');
    this.enforced = readRuleSet(reader, 'rules', prefix);
    this.shadow = readRuleSet(reader, 'shadowRules', shadowPrefix + 'shadow_');
    reader.warn(['trackPerRuleStats']);
    reader.refuseUnread();
  }
}

function readRuleSet(reader: JsonReader, name: string, prefix: string): RuleSet | null {
  if (!reader.has(name)) return null;
  return new RuleSet(new Rules(reader.child(name)), prefix);
}
