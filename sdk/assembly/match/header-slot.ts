import { lowerText } from '../bytes/ascii';
import { Bytes } from '../bytes/bytes';
import { Field } from '../host/fields';
import { HeaderSets } from './header-sets';

/**
 * One header that matchers look at, read once per callback however many of them ask. The callback
 * must not edit it in between.
 */
export class HeaderSlot {
  readonly name: Bytes;
  readonly value: Bytes;
  private readonly field: Field;

  constructor(field: Field) {
    this.field = field;
    this.name = field.name;
    this.value = field.value;
  }

  /** Whether the header is there; then `value` holds its values, joined by commas. */
  read(): bool {
    return this.field.read();
  }
}

/** The slots of one configuration: matchers of the same header share one. */
export class HeaderSlots {
  private readonly names: Array<string> = [] as string[];
  private readonly slots: Array<HeaderSlot> = [] as HeaderSlot[];
  private readonly sets: HeaderSets;

  constructor(map: i32) {
    this.sets = new HeaderSets(map);
  }

  slot(name: string): HeaderSlot {
    const key = lowerText(name);
    const known = this.names.indexOf(key);
    if (known >= 0) return this.slots[known];
    const slot = new HeaderSlot(this.sets.joined(key));
    this.names.push(key);
    this.slots.push(slot);
    return slot;
  }
}
