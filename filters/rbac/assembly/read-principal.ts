import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { StringMatcher } from '@lateen/sdk/assembly/match/string-matcher';
import { readUrlPath } from './read-url-path';
import { AddressSlot, directRemote, remote } from './rule/address-slot';
import { HeaderRule } from './rule/header-rule';
import { IpRange } from './rule/ip-range';
import { IpRule } from './rule/ip-rule';
import { NotRule } from './rule/not-rule';
import { PrincipalRule } from './rule/principal-rule';
import { Rule } from './rule/rule';
import { RuleList } from './rule/rule-list';

/** A Principal message; what it cannot honour is a complaint of the reader. */
export function readPrincipal(reader: JsonReader): Rule {
  const rule = readKind(reader);
  reader.refuseUnread();
  return rule;
}

function readKind(reader: JsonReader): Rule {
  if (reader.has('any') && reader.flag('any')) return new Rule();
  if (reader.has('andIds')) return readList(reader.child('andIds'), true);
  if (reader.has('orIds')) return readList(reader.child('orIds'), false);
  if (reader.has('notId')) return new NotRule(readPrincipal(reader.child('notId')));
  if (reader.has('authenticated')) return readAuthenticated(reader.child('authenticated'));
  if (reader.has('header')) return new HeaderRule(reader.child('header'));
  if (reader.has('urlPath')) return readUrlPath(reader.child('urlPath'));
  if (reader.has('sourceIp')) return readIp(reader.child('sourceIp'), directRemote);
  if (reader.has('directRemoteIp')) return readIp(reader.child('directRemoteIp'), directRemote);
  if (reader.has('remoteIp')) return readIp(reader.child('remoteIp'), remote);
  reader.refuseUnread();
  reader.complain('', 'has no kind of principal');
  return new Rule();
}

function readList(reader: JsonReader, all: bool): Rule {
  const children = reader.children('ids');
  if (children.length === 0) reader.complain('ids', 'is empty');
  const rules: Rule[] = [];
  for (let i = 0; i < children.length; i++) rules.push(readPrincipal(children[i]));
  reader.refuseUnread();
  return new RuleList(rules, all);
}

function readAuthenticated(reader: JsonReader): Rule {
  const named = reader.has('principalName');
  const rule = named
    ? new PrincipalRule(StringMatcher.read(reader.child('principalName')))
    : new PrincipalRule(null);
  reader.refuseUnread();
  return rule;
}

function readIp(reader: JsonReader, slot: AddressSlot): Rule {
  return new IpRule(slot, new IpRange(reader));
}
