import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { Field } from '@lateen/sdk/assembly/host/fields';
import { propertyField } from './fields';
import { Operator } from './operator';

const COLON: u8 = 0x3a;
const OPENING_BRACKET: u8 = 0x5b;

/** The host of a property that is `host:port`; `[::1]:80` reads `::1`. */
export class HostOperator extends Operator {
  private readonly field: Field;

  constructor(path: string) {
    super();
    this.field = propertyField(path);
  }

  read(out: Bytes): bool {
    if (!this.field.read()) return false;
    out.take(this.field.value);
    if (out.size === 0) return false;
    const colon = out.lastIndexOf(COLON);
    if (colon > 0) out.size = colon;
    if (out.size > 2 && out.byte(0) === OPENING_BRACKET) out.point(out.pointer + 1, out.size - 2);
    return true;
  }
}
