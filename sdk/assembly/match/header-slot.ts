import { epoch } from '../arena';
import { lowerText } from '../bytes/ascii';
import { Bytes } from '../bytes/bytes';
import { readJoinedHeader } from '../host/joined-header';

/**
 * One header that matchers look at, read once per callback however many of them ask. The callback
 * must not edit it in between.
 */
export class HeaderSlot {
  readonly name: Bytes;
  readonly value: Bytes = new Bytes();
  private readonly map: i32;
  private found: bool = false;
  private readAt: u32 = 0;

  constructor(name: string, map: i32) {
    this.name = Bytes.of(lowerText(name));
    this.map = map;
  }

  /** Whether the header is there; then `value` holds its values, joined by commas. */
  read(): bool {
    if (this.readAt !== epoch) {
      this.readAt = epoch;
      this.found = readJoinedHeader(this.map, this.name, this.value);
    }
    return this.found;
  }
}

/** The slots of one configuration: matchers of the same header share one. */
export class HeaderSlots {
  private readonly map: i32;
  private readonly names: Array<string> = [] as string[];
  private readonly slots: Array<HeaderSlot> = [] as HeaderSlot[];

  constructor(map: i32) {
    this.map = map;
  }

  slot(name: string): HeaderSlot {
    const key = lowerText(name);
    const known = this.names.indexOf(key);
    if (known >= 0) return this.slots[known];
    const slot = new HeaderSlot(key, this.map);
    this.names.push(key);
    this.slots.push(slot);
    return slot;
  }
}
