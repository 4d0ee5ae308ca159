import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { StringMatcher } from '@lateen/sdk/assembly/match/string-matcher';
import { readUrlPath } from './read-url-path';
import { destination } from './rule/address-slot';
import { HeaderRule } from './rule/header-rule';
import { IpRange } from './rule/ip-range';
import { IpRule } from './rule/ip-rule';
import { NotRule } from './rule/not-rule';
import { PortRule } from './rule/port-rule';
import { Rule } from './rule/rule';
import { RuleList } from './rule/rule-list';
import { TextRule } from './rule/text-rule';
import { serverName } from './rule/text-slot';

/** A Permission message; what it cannot honour is a complaint of the reader. */
export function readPermission(reader: JsonReader): Rule {
  const rule = readKind(reader);
  reader.refuseUnread();
  return rule;
}

function readKind(reader: JsonReader): Rule {
  if (reader.has('any') && reader.flag('any')) return new Rule();
  if (reader.has('andRules')) return readList(reader.child('andRules'), true);
  if (reader.has('orRules')) return readList(reader.child('orRules'), false);
  if (reader.has('notRule')) return new NotRule(readPermission(reader.child('notRule')));
  if (reader.has('header')) return new HeaderRule(reader.child('header'));
  if (reader.has('urlPath')) return readUrlPath(reader.child('urlPath'));
  if (reader.has('destinationIp')) {
    return new IpRule(destination, new IpRange(reader.child('destinationIp')));
  }
  if (reader.has('destinationPort')) {
    const port = reader.integer('destinationPort');
    return new PortRule(port, port + 1);
  }
  if (reader.has('destinationPortRange')) return readRange(reader.child('destinationPortRange'));
  if (reader.has('requestedServerName')) {
    return new TextRule(serverName, StringMatcher.read(reader.child('requestedServerName')));
  }
  reader.refuseUnread();
  reader.complain('', 'has no kind of permission');
  return new Rule();
}

function readList(reader: JsonReader, all: bool): Rule {
  const children = reader.children('rules');
  if (children.length === 0) reader.complain('rules', 'is empty');
  const rules: Rule[] = [];
  for (let i = 0; i < children.length; i++) rules.push(readPermission(children[i]));
  reader.refuseUnread();
  return new RuleList(rules, all);
}

function readRange(reader: JsonReader): Rule {
  const start = reader.integer('start');
  const end = reader.integer('end');
  reader.refuseUnread();
  return new PortRule(start, end);
}
