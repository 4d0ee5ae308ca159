import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { Property, readProperty } from '@lateen/sdk/assembly/host/property';
import { Operator } from './operator';

const COLON: u8 = 0x3a;
const OPENING_BRACKET: u8 = 0x5b;

/** The host of a property that is `host:port`; `[::1]:80` reads `::1`. */
export class HostOperator extends Operator {
  private readonly path: Bytes;

  constructor(path: string) {
    super();
    this.path = Property.of(path).path;
  }

  read(out: Bytes): bool {
    if (!readProperty(this.path, out) || out.size === 0) return false;
    const colon = out.lastIndexOf(COLON);
    if (colon > 0) out.size = colon;
    if (out.size > 2 && out.byte(0) === OPENING_BRACKET) out.point(out.pointer + 1, out.size - 2);
    return true;
  }
}
