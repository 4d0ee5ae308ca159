import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { readPermission } from './read-permission';
import { readPrincipal } from './read-principal';
import { Rule } from './rule/rule';
import { RuleList } from './rule/rule-list';

/** What may be done, and who may do it. */
export class Policy {
  readonly name: string;
  /** Why a request that this policy denies is denied. */
  readonly details: Bytes;
  private readonly permissions: Rule;
  private readonly principals: Rule;

  constructor(name: string, reader: JsonReader) {
    this.name = name;
    this.details = denialDetails(name);
    this.permissions = readPermissions(reader);
    this.principals = readPrincipals(reader);
    reader.refuseUnread();
  }

  /** See `Rules.admit` for what `broadly` is. */
  matches(broadly: bool): bool {
    return this.permissions.matches(broadly) && this.principals.matches(broadly);
  }
}

/** Envoy's code details, in which nothing stands that would split a log line. */
export function denialDetails(policy: string): Bytes {
  let name = '';
  for (let i = 0; i < policy.length; i++) {
    const unit = policy.charCodeAt(i);
    name += unit <= 0x20 || unit === 0x7f ? '_' : String.fromCharCode(unit);
  }
  return Bytes.of('rbac_access_denied_matched_policy[' + name + ']');
}

function readPermissions(reader: JsonReader): Rule {
  const children = reader.children('permissions');
  if (children.length === 0) reader.complain('permissions', 'is empty');
  const rules: Rule[] = [];
  for (let i = 0; i < children.length; i++) rules.push(readPermission(children[i]));
  return new RuleList(rules, false);
}

function readPrincipals(reader: JsonReader): Rule {
  const children = reader.children('principals');
  if (children.length === 0) reader.complain('principals', 'is empty');
  const rules: Rule[] = [];
  for (let i = 0; i < children.length; i++) rules.push(readPrincipal(children[i]));
  return new RuleList(rules, false);
}
