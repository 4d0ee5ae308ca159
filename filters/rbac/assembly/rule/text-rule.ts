import { StringMatcher } from '@lateen/sdk/assembly/match/string-matcher';
import { Rule } from './rule';
import { TextSlot } from './text-slot';

/** A text of the request or its connection. */
export class TextRule extends Rule {
  private readonly slot: TextSlot;
  private readonly matcher: StringMatcher;

  constructor(slot: TextSlot, matcher: StringMatcher) {
    super();
    this.slot = slot;
    this.matcher = matcher;
  }

  matches(broadly: bool): bool {
    return this.slot.read() && this.matcher.matches(this.slot.value);
  }
}
