import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { Field } from '@lateen/sdk/assembly/host/fields';
import { propertyField } from './fields';
import { Operator } from './operator';

const AMPERSAND: u8 = 0x26;
const EQUALS: u8 = 0x3d;

/** `QUERY_PARAM(name)`: the first parameter of that name, as it was sent. */
export class QueryOperator extends Operator {
  private readonly name: Bytes;
  private readonly query: Field = propertyField('request.query');

  constructor(name: string) {
    super();
    this.name = Bytes.of(name);
  }

  read(out: Bytes): bool {
    if (!this.query.read()) return false;
    const query = this.query.value;
    let start = 0;
    while (start <= query.size) {
      let end = start;
      while (end < query.size && query.byte(end) !== AMPERSAND) end++;
      out.point(query.pointer + start, end - start);
      const equals = out.indexOf(EQUALS);
      const size = equals < 0 ? out.size : equals;
      const skipped = min(size + 1, out.size);
      out.size = size;
      if (out.equals(this.name)) {
        out.point(query.pointer + start + skipped, end - start - skipped);
        return true;
      }
      start = end + 1;
    }
    return false;
  }
}
