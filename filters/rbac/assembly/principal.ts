import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { AuthenticatedRule } from './authenticated-rule';
import { Cidr, CLIENT_ADDRESS, PEER_ADDRESS } from './cidr';
import { HeaderRule } from './header-rule';
import { RequestHeaders } from './header-values';
import { PathRule } from './path-rule';
import { anything } from './permission';
import { Anything, Every, Not, Rule, Some } from './rule';

/** `envoy.config.rbac.v3.Principal`: who asks. What it cannot honour is a complaint. */
export function readPrincipal(reader: JsonReader, headers: RequestHeaders): Rule {
  const rule = readKind(reader, headers);
  reader.refuseUnread();
  return rule;
}

function readKind(reader: JsonReader, headers: RequestHeaders): Rule {
  if (reader.has('any')) return anything(reader);
  if (reader.has('andIds')) return Every.of(readPrincipals(reader.child('andIds'), 'ids', headers));
  if (reader.has('orIds')) return Some.of(readPrincipals(reader.child('orIds'), 'ids', headers));
  if (reader.has('notId')) return new Not(readPrincipal(reader.child('notId'), headers));
  if (reader.has('authenticated')) return AuthenticatedRule.read(reader.child('authenticated'));
  if (reader.has('sourceIp')) return Cidr.read(reader.child('sourceIp'), PEER_ADDRESS);
  if (reader.has('directRemoteIp')) return Cidr.read(reader.child('directRemoteIp'), PEER_ADDRESS);
  if (reader.has('remoteIp')) return Cidr.read(reader.child('remoteIp'), CLIENT_ADDRESS);
  if (reader.has('header')) return HeaderRule.read(reader.child('header'), headers);
  if (reader.has('urlPath')) return PathRule.read(reader.child('urlPath'));
  reader.refuseUnread();
  reader.complain('', 'says nothing');
  return new Anything();
}

/** A list of principals, which must not be empty: Envoy refuses that too. */
export function readPrincipals(
  reader: JsonReader,
  name: string,
  headers: RequestHeaders,
): Array<Rule> {
  const children = reader.children(name);
  if (children.length === 0) reader.complain(name, 'needs at least one entry');
  const rules: Rule[] = [];
  for (let i = 0; i < children.length; i++) rules.push(readPrincipal(children[i], headers));
  return rules;
}
