import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { Cidr, LOCAL_ADDRESS } from './cidr';
import { HeaderRule } from './header-rule';
import { RequestHeaders } from './header-values';
import { PathRule } from './path-rule';
import { PortRule } from './port-rule';
import { Anything, Every, Not, Rule, Some } from './rule';
import { ServerNameRule } from './server-name-rule';

/** `envoy.config.rbac.v3.Permission`: what is asked for. What it cannot honour is a complaint. */
export function readPermission(reader: JsonReader, headers: RequestHeaders): Rule {
  const rule = readKind(reader, headers);
  reader.refuseUnread();
  return rule;
}

function readKind(reader: JsonReader, headers: RequestHeaders): Rule {
  if (reader.has('any')) return anything(reader);
  if (reader.has('andRules')) {
    return Every.of(readPermissions(reader.child('andRules'), 'rules', headers));
  }
  if (reader.has('orRules')) {
    return Some.of(readPermissions(reader.child('orRules'), 'rules', headers));
  }
  if (reader.has('notRule')) return new Not(readPermission(reader.child('notRule'), headers));
  if (reader.has('header')) return HeaderRule.read(reader.child('header'), headers);
  if (reader.has('urlPath')) return PathRule.read(reader.child('urlPath'));
  if (reader.has('destinationIp')) return Cidr.read(reader.child('destinationIp'), LOCAL_ADDRESS);
  if (reader.has('destinationPort')) return PortRule.one(reader.integer('destinationPort'));
  if (reader.has('destinationPortRange')) {
    return PortRule.read(reader.child('destinationPortRange'));
  }
  if (reader.has('requestedServerName')) {
    return ServerNameRule.read(reader.child('requestedServerName'));
  }
  reader.refuseUnread();
  reader.complain('', 'says nothing');
  return new Anything();
}

/** A list of permissions, which must not be empty: Envoy refuses that too. */
export function readPermissions(
  reader: JsonReader,
  name: string,
  headers: RequestHeaders,
): Array<Rule> {
  const children = reader.children(name);
  if (children.length === 0) reader.complain(name, 'needs at least one entry');
  const rules: Rule[] = [];
  for (let i = 0; i < children.length; i++) rules.push(readPermission(children[i], headers));
  return rules;
}

/** `any` has no other value than true. */
export function anything(reader: JsonReader): Rule {
  if (!reader.flag('any')) reader.complain('any', 'must be true');
  return new Anything();
}
