import { lowerText } from '../bytes/ascii';
import { Bytes } from '../bytes/bytes';
import { Regex } from '../host/regex';
import { JsonReader } from '../json/json-reader';

const EXACT = 0;
const PREFIX = 1;
const SUFFIX = 2;
const CONTAINS = 3;
const REGEX = 4;

/** `envoy.type.matcher.v3.StringMatcher`, compiled. Regular expressions match the whole text. */
export class StringMatcher {
  private readonly kind: i32;
  private readonly text: Bytes;
  private readonly ignoreCase: bool;
  private readonly regex: Regex | null;
  private readonly scratch: Bytes = new Bytes();

  constructor(kind: i32, text: string, ignoreCase: bool, regex: Regex | null = null) {
    this.kind = kind;
    this.text = Bytes.of(ignoreCase ? lowerText(text) : text);
    this.ignoreCase = ignoreCase;
    this.regex = regex;
  }

  static exact(text: string): StringMatcher {
    return new StringMatcher(EXACT, text, false);
  }

  static prefix(text: string): StringMatcher {
    return new StringMatcher(PREFIX, text, false);
  }

  static suffix(text: string): StringMatcher {
    return new StringMatcher(SUFFIX, text, false);
  }

  static contains(text: string): StringMatcher {
    return new StringMatcher(CONTAINS, text, false);
  }

  /** A StringMatcher message; what it cannot honour is a complaint of the reader. */
  static read(reader: JsonReader): StringMatcher {
    const ignoreCase = reader.flag('ignoreCase');
    const matcher = StringMatcher.readKind(reader, ignoreCase);
    reader.refuseUnread();
    return matcher;
  }

  /** A RegexMatcher message (`safe_regex`). */
  static readRegex(reader: JsonReader): StringMatcher {
    return new StringMatcher(REGEX, '', false, readRegex(reader));
  }

  matches(value: Bytes): bool {
    if (this.kind === REGEX) {
      const regex = this.regex;
      return regex !== null && regex.matches(value);
    }
    const subject = this.ignoreCase ? this.scratch.take(value).lower() : value;
    if (this.kind === EXACT) return subject.equals(this.text);
    if (this.kind === PREFIX) return subject.startsWith(this.text);
    if (this.kind === SUFFIX) return subject.endsWith(this.text);
    return subject.contains(this.text);
  }

  private static readKind(reader: JsonReader, ignoreCase: bool): StringMatcher {
    if (reader.has('exact')) return new StringMatcher(EXACT, reader.text('exact'), ignoreCase);
    if (reader.has('prefix')) return new StringMatcher(PREFIX, reader.text('prefix'), ignoreCase);
    if (reader.has('suffix')) return new StringMatcher(SUFFIX, reader.text('suffix'), ignoreCase);
    if (reader.has('contains')) {
      return new StringMatcher(CONTAINS, reader.text('contains'), ignoreCase);
    }
    if (reader.has('safeRegex')) return StringMatcher.readRegex(reader.child('safeRegex'));
    reader.refuseUnread();
    reader.complain('', 'needs exact, prefix, suffix, contains or safe_regex');
    return StringMatcher.exact('');
  }
}

/** A RegexMatcher message as an expression; null, and a complaint, where it is not valid. */
export function readRegex(reader: JsonReader): Regex | null {
  reader.ignore(['googleRe2']);
  const regex = Regex.compile(reader.text('regex'));
  if (regex === null) reader.complain('regex', 'is not a regular expression of the RE2 syntax');
  reader.refuseUnread();
  return regex;
}
