import { Field, FieldSet } from '../host/fields';

/** Reading a few more headers costs less than another host call; many would not. */
const TOGETHER_MAX = 16;

/** Headers that matchers look at, read together in groups. */
export class HeaderSets {
  private readonly map: i32;
  private set: FieldSet = new FieldSet();
  private size: i32 = 0;

  constructor(map: i32) {
    this.map = map;
  }

  /** All values, joined by commas; the name in lower case. */
  joined(name: string): Field {
    if (this.size++ === TOGETHER_MAX) {
      this.set = new FieldSet();
      this.size = 1;
    }
    return this.set.joinedHeader(this.map, name);
  }
}
