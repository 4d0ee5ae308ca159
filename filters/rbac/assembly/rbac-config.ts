import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { RequestHeaders } from './header-values';
import { Rules, Tally } from './rules';

/** `envoy.extensions.filters.http.rbac.v3.RBAC`, compiled. */
export class RbacConfig {
  /** Null: everything passes. */
  readonly rules: Rules | null;
  /** Rules on trial: they decide nothing. */
  readonly shadow: Rules | null;

  constructor(reader: JsonReader) {
    const headers = new RequestHeaders();
    const each = reader.flag('trackPerRuleStats');
    const prefix = reader.text('rulesStatPrefix');
    const shadowPrefix = reader.text('shadowRulesStatPrefix');
    this.rules = readRules(reader, 'rules', headers, new Tally(prefix, '', each));
    this.shadow = readRules(
      reader,
      'shadowRules',
      headers,
      new Tally(shadowPrefix, 'shadow_', each),
    );
    reader.refuseUnread();
  }
}

function readRules(
  reader: JsonReader,
  name: string,
  headers: RequestHeaders,
  tally: Tally,
): Rules | null {
  return reader.has(name) ? new Rules(reader.child(name), headers, tally) : null;
}
