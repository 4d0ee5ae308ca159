import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { Counter } from '@lateen/sdk/assembly/host/metrics';
import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { RequestHeaders } from './header-values';
import { readPermissions } from './permission';
import { readPrincipals } from './principal';
import { Every, Rule, Some } from './rule';

/** `envoy.config.rbac.v3.Policy`: one of the permissions for one of the principals. */
export class Policy {
  readonly name: string;
  /** Response code details of a request that it denies. */
  readonly details: Bytes;
  /** Null: its matches are not counted apart. */
  readonly counter: Counter | null;
  private readonly rule: Rule;

  constructor(name: string, reader: JsonReader, headers: RequestHeaders, counter: Counter | null) {
    this.name = name;
    this.details = matchedPolicy(name);
    this.counter = counter;
    const permission = Some.of(readPermissions(reader, 'permissions', headers));
    const principal = Some.of(readPrincipals(reader, 'principals', headers));
    this.rule = Every.of([permission, principal]);
    reader.refuseUnread();
  }

  matches(wide: bool): bool {
    return this.rule.matches(wide);
  }
}

/** Envoy's words. No blanks: logs are cut at them. */
export function matchedPolicy(name: string): Bytes {
  let text = '';
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i);
    text += unit <= 0x20 || unit === 0x7f ? '_' : name.charAt(i);
  }
  return Bytes.of('rbac_access_denied_matched_policy[' + text + ']');
}
