import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { parsedInteger, parseInteger } from '@lateen/sdk/assembly/bytes/integer';
import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { StringMatcher } from '@lateen/sdk/assembly/match/string-matcher';
import { bareAuthority, plainAuthority, readAuthority } from './authority';
import { RequestHeader, RequestHeaders } from './header-values';
import { Rule } from './rule';

const COMMA: u8 = 0x2c;
const COST = 2;
const NOTHING = new Bytes();
const element = new Bytes();

/**
 * `envoy.config.route.v3.HeaderMatcher` in a policy. A repeated header is looked at as a whole,
 * its values joined by commas, and value by value: a policy that sees only one of both can be got
 * around by sending the header twice (CVE-2026-26308).
 */
export class HeaderRule extends Rule {
  private readonly header: RequestHeader;
  /** Null: a range or presence decides. */
  private text: StringMatcher | null = null;
  private ranged: bool = false;
  private rangeStart: i64 = 0;
  private rangeEnd: i64 = 0;
  /** What presence has to be, where only that is asked. */
  private present: bool = true;
  private invert: bool = false;
  private missingIsEmpty: bool = false;

  constructor(header: RequestHeader) {
    super(COST);
    this.header = header;
  }

  static read(reader: JsonReader, headers: RequestHeaders): Rule {
    const name = reader.text('name');
    if (name.length === 0) reader.complain('name', 'is missing');
    const rule = new HeaderRule(headers.named(name));
    rule.invert = reader.flag('invertMatch');
    rule.missingIsEmpty = reader.flag('treatMissingHeaderAsEmpty');
    if (reader.has('rangeMatch')) rule.readRange(reader.child('rangeMatch'));
    else if (reader.has('presentMatch')) rule.present = reader.flag('presentMatch');
    else rule.text = readText(reader);
    reader.refuseUnread();
    return rule;
  }

  matches(wide: bool): bool {
    const found = this.header.read();
    if (this.text === null && !this.ranged) {
      return ((found || this.missingIsEmpty) === this.present) !== this.invert;
    }
    if (!found) return this.missingIsEmpty && this.test(NOTHING) !== this.invert;
    // Inverted, to err towards a match is to err against a match of the text.
    const matched = wide === this.invert ? this.allReadings() : this.anyReading();
    return matched !== this.invert;
  }

  /** The whole and each value. */
  private allReadings(): bool {
    if (!this.test(this.header.joined)) return false;
    const values = this.header.values();
    if (values === null) return true;
    while (values.next()) {
      if (!this.test(values.value)) return false;
    }
    return true;
  }

  /** The whole, or a value, or an element of a value that is a list. */
  private anyReading(): bool {
    const joined = this.header.joined;
    if (this.test(joined)) return true;
    if (this.header.isAuthority) {
      readAuthority(joined);
      return this.test(plainAuthority) || this.test(bareAuthority);
    }
    const values = this.header.values();
    if (values === null) return false;
    while (values.next()) {
      if (this.test(values.value) || this.anyElement(values.value)) return true;
    }
    return false;
  }

  private anyElement(list: Bytes): bool {
    let from = 0;
    while (from <= list.size) {
      const comma = list.indexOf(COMMA, from);
      const end = comma < 0 ? list.size : comma;
      if (this.test(element.point(list.pointer + from, end - from).trim())) return true;
      from = end + 1;
    }
    return false;
  }

  private test(value: Bytes): bool {
    const text = this.text;
    if (text !== null) return text.matches(value);
    return parseInteger(value) && parsedInteger >= this.rangeStart && parsedInteger < this.rangeEnd;
  }

  private readRange(reader: JsonReader): void {
    this.ranged = true;
    this.rangeStart = reader.integer('start');
    this.rangeEnd = reader.integer('end');
    reader.refuseUnread();
  }
}

/** The text matcher, in today's form or one of the deprecated ones; null: presence is asked. */
function readText(reader: JsonReader): StringMatcher | null {
  if (reader.has('stringMatch')) return StringMatcher.read(reader.child('stringMatch'));
  if (reader.has('exactMatch')) return StringMatcher.exact(reader.text('exactMatch'));
  if (reader.has('prefixMatch')) return StringMatcher.prefix(reader.text('prefixMatch'));
  if (reader.has('suffixMatch')) return StringMatcher.suffix(reader.text('suffixMatch'));
  if (reader.has('containsMatch')) return StringMatcher.contains(reader.text('containsMatch'));
  if (reader.has('safeRegexMatch')) return StringMatcher.readRegex(reader.child('safeRegexMatch'));
  return null;
}
