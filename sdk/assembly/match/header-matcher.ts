import { Bytes } from '../bytes/bytes';
import { parsedInteger, parseInteger } from '../bytes/integer';
import { JsonReader } from '../json/json-reader';
import { HeaderSlot, HeaderSlots } from './header-slot';
import { StringMatcher } from './string-matcher';

const NOTHING = new Bytes();

/** `envoy.config.route.v3.HeaderMatcher`, compiled; Envoy's semantics. */
export class HeaderMatcher {
  private readonly slot: HeaderSlot;
  /** Null: a range or presence decides. */
  private text: StringMatcher | null = null;
  private ranged: bool = false;
  private rangeStart: i64 = 0;
  private rangeEnd: i64 = 0;
  /** What presence has to be, where only that is asked. */
  private present: bool = true;
  private invert: bool = false;
  private missingIsEmpty: bool = false;

  constructor(slot: HeaderSlot) {
    this.slot = slot;
  }

  /** A HeaderMatcher message; what it cannot honour is a complaint of the reader. */
  static read(reader: JsonReader, slots: HeaderSlots): HeaderMatcher {
    const name = reader.text('name');
    if (name.length === 0) reader.complain('name', 'is missing');
    const matcher = new HeaderMatcher(slots.slot(name));
    matcher.invert = reader.flag('invertMatch');
    matcher.missingIsEmpty = reader.flag('treatMissingHeaderAsEmpty');
    if (reader.has('rangeMatch')) matcher.readRange(reader.child('rangeMatch'));
    else if (reader.has('presentMatch')) matcher.present = reader.flag('presentMatch');
    else matcher.text = readText(reader);
    reader.refuseUnread();
    return matcher;
  }

  static readAll(reader: JsonReader, name: string, slots: HeaderSlots): StaticArray<HeaderMatcher> {
    const children = reader.children(name);
    const matchers: HeaderMatcher[] = [];
    for (let i = 0; i < children.length; i++) matchers.push(HeaderMatcher.read(children[i], slots));
    return StaticArray.fromArray(matchers);
  }

  matches(): bool {
    const found = this.slot.read();
    const text = this.text;
    if (text === null && !this.ranged) return (found === this.present) !== this.invert;
    if (!found && !this.missingIsEmpty) return false;
    const value = found ? this.slot.value : NOTHING;
    const matched = text !== null ? text.matches(value) : this.inRange(value);
    return matched !== this.invert;
  }

  private inRange(value: Bytes): bool {
    if (!parseInteger(value)) return false;
    return parsedInteger >= this.rangeStart && parsedInteger < this.rangeEnd;
  }

  private readRange(reader: JsonReader): void {
    this.ranged = true;
    this.rangeStart = reader.integer('start');
    this.rangeEnd = reader.integer('end');
  }
}

/** The text matcher, in today's form or one of the deprecated ones; null where any value will do. */
function readText(reader: JsonReader): StringMatcher | null {
  if (reader.has('stringMatch')) return StringMatcher.read(reader.child('stringMatch'));
  if (reader.has('exactMatch')) return StringMatcher.exact(reader.text('exactMatch'));
  if (reader.has('prefixMatch')) return StringMatcher.prefix(reader.text('prefixMatch'));
  if (reader.has('suffixMatch')) return StringMatcher.suffix(reader.text('suffixMatch'));
  if (reader.has('containsMatch')) return StringMatcher.contains(reader.text('containsMatch'));
  if (reader.has('safeRegexMatch')) return StringMatcher.readRegex(reader.child('safeRegexMatch'));
  return null;
}

/** Whether all of them match; true for none. */
export function allMatch(matchers: StaticArray<HeaderMatcher>): bool {
  for (let i = 0; i < matchers.length; i++) {
    if (!unchecked(matchers[i]).matches()) return false;
  }
  return true;
}
