import { REQUEST_HEADERS } from '@lateen/sdk/abi/maps';
import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { HeaderValues } from '@lateen/sdk/assembly/host/header-values';
import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { HeaderMatcher } from '@lateen/sdk/assembly/match/header-matcher';
import { HeaderSlot, HeaderSlots } from '@lateen/sdk/assembly/match/header-slot';
import { Rule } from './rule';

const COMMA: u8 = 0x2c;
const slots = new HeaderSlots(REQUEST_HEADERS);
const values = new HeaderValues();
const joined = new Bytes();

/**
 * A request header. A header that is repeated is one list (RFC 9110 section 5.3), which Envoy
 * matches joined by commas; but applications may look at one of its values only. So a rule is true
 * broadly if the list or any single value matches; and a rule that wants something to be absent is
 * true without doubt only if neither the list nor any value has it.
 */
export class HeaderRule extends Rule {
  private readonly slot: HeaderSlot;
  private readonly matcher: HeaderMatcher;
  private readonly inverted: bool;

  constructor(reader: JsonReader) {
    super();
    this.inverted = reader.flag('invertMatch');
    this.slot = slots.slot(reader.text('name'));
    this.matcher = HeaderMatcher.read(reader, slots);
  }

  matches(broadly: bool): bool {
    const matched = this.matcher.matches();
    if (matched === broadly || (!broadly && !this.inverted)) return matched;
    return this.differs(matched) ? !matched : matched;
  }

  /** Whether one of several values, read alone, gives another answer than the list. */
  private differs(answer: bool): bool {
    const slot = this.slot;
    if (!slot.read() || slot.value.indexOf(COMMA) < 0) return false;
    joined.take(slot.value);
    values.open(REQUEST_HEADERS, slot.name);
    let found = false;
    while (!found && values.next()) {
      slot.value.take(values.value);
      found = this.matcher.matches() !== answer;
    }
    slot.value.take(joined);
    return found;
  }
}
