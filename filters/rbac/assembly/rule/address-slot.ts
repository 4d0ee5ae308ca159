import { epoch } from '@lateen/sdk/assembly/arena';
import { Property } from '@lateen/sdk/assembly/host/property';
import { IpAddress } from './ip-address';

const COLON: u8 = 0x3a;
const OPENING_BRACKET: u8 = 0x5b;

/** An `address:port` that many rules look at, read once per request. */
export class AddressSlot {
  readonly address: IpAddress = new IpAddress();
  private readonly property: Property;
  private found: bool = false;
  private readAt: u32 = 0;

  constructor(path: string) {
    this.property = Property.of(path);
  }

  read(): bool {
    if (this.readAt !== epoch) {
      this.readAt = epoch;
      this.found = this.readNow();
    }
    return this.found;
  }

  private readNow(): bool {
    if (!this.property.read()) return false;
    const text = this.property.value;
    const colon = text.lastIndexOf(COLON);
    if (colon < 0) return false;
    text.size = colon;
    if (colon > 2 && text.byte(0) === OPENING_BRACKET) text.point(text.pointer + 1, colon - 2);
    return this.address.parse(text);
  }
}

/** The peer of the connection. */
export const directRemote = new AddressSlot('source.address');
/** The client, as far as the proxies in front are trusted to say who it is. */
export const remote = new AddressSlot('source.trusted_address');
export const destination = new AddressSlot('destination.address');
