import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { Property } from '@lateen/sdk/assembly/host/property';
import { Operator } from './operator';

const QUERY = Property.of('request.query');
const AMPERSAND: u8 = 0x26;
const EQUALS: u8 = 0x3d;

/** `QUERY_PARAM(name)`: the first parameter of that name, as it was sent. */
export class QueryOperator extends Operator {
  private readonly name: Bytes;

  constructor(name: string) {
    super();
    this.name = Bytes.of(name);
  }

  read(out: Bytes): bool {
    if (!QUERY.read()) return false;
    const query = QUERY.value;
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
