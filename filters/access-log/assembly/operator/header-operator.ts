import { lowerText } from '@lateen/sdk/assembly/bytes/ascii';
import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { Field } from '@lateen/sdk/assembly/host/fields';
import { headerField } from './fields';
import { Operator } from './operator';

const QUESTION_MARK: u8 = 0x3f;

/** `REQ(name?other)` and its like: the first of two headers that is there. */
export class HeaderOperator extends Operator {
  private readonly first: Field;
  private readonly second: Field | null;
  private readonly withoutQuery: bool;

  private constructor(map: i32, name: string, other: string, withoutQuery: bool) {
    super();
    this.first = headerField(map, name);
    this.second = other.length === 0 ? null : headerField(map, other);
    this.withoutQuery = withoutQuery;
  }

  /** Null where the parameters are not one or two names. */
  static of(map: i32, parameters: string, withoutQuery: bool = false): Operator | null {
    const names = lowerText(parameters).split('?');
    if (names.length > 2 || names[0].length === 0) return null;
    return new HeaderOperator(map, names[0], names.length === 2 ? names[1] : '', withoutQuery);
  }

  read(out: Bytes): bool {
    if (this.first.read()) out.take(this.first.value);
    else {
      const second = this.second;
      if (second === null || !second.read()) return false;
      out.take(second.value);
    }
    if (this.withoutQuery) {
      const query = out.indexOf(QUESTION_MARK);
      if (query >= 0) out.size = query;
    }
    return true;
  }
}
