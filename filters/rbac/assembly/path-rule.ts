import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { StringMatcher } from '@lateen/sdk/assembly/match/string-matcher';
import { hidesDots, otherReading, plainPath, readPath, wasRewritten } from './path';
import { Rule } from './rule';

/** `envoy.type.matcher.v3.PathMatcher`: the path without query and fragment. */
export class PathRule extends Rule {
  private readonly text: StringMatcher;

  private constructor(text: StringMatcher) {
    super();
    this.text = text;
  }

  static read(reader: JsonReader): Rule {
    const text = StringMatcher.read(reader.child('path'));
    reader.refuseUnread();
    return new PathRule(text);
  }

  matches(wide: bool): bool {
    if (!readPath()) return wide;
    const matched = this.text.matches(plainPath);
    if (!wasRewritten || matched === wide) return matched;
    if (!wide && !hidesDots) return true;
    return this.text.matches(otherReading);
  }
}
