import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { StringMatcher } from '@lateen/sdk/assembly/match/string-matcher';
import { Rule } from './rule/rule';
import { TextRule } from './rule/text-rule';
import { urlPath } from './rule/text-slot';

/** `envoy.type.matcher.v3.PathMatcher`. */
export function readUrlPath(reader: JsonReader): Rule {
  if (!reader.has('path')) reader.complain('path', 'is missing');
  const rule = new TextRule(urlPath, StringMatcher.read(reader.child('path')));
  reader.refuseUnread();
  return rule;
}
