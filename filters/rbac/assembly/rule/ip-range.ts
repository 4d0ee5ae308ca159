import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { IpAddress } from './ip-address';

const MAPPED_BITS = 96;

/** `envoy.config.core.v3.CidrRange`. Never matches across address families. */
export class IpRange {
  private readonly address: IpAddress = new IpAddress();
  private readonly bits: i32;

  constructor(reader: JsonReader) {
    const text = reader.text('addressPrefix');
    const valid = this.address.parse(Bytes.of(text));
    if (!valid) reader.complain('addressPrefix', 'is not an IP address: ' + text);
    let bits = <i32>reader.integer('prefixLen');
    // A range of mapped addresses is a range of IPv4 addresses.
    if (this.address.size === 4 && text.includes(':')) bits -= MAPPED_BITS;
    if (valid && (bits < 0 || bits > this.address.size * 8)) {
      reader.complain('prefixLen', 'is out of range');
    }
    this.bits = bits;
    reader.refuseUnread();
  }

  contains(address: IpAddress): bool {
    if (address.size !== this.address.size) return false;
    const whole = this.bits >> 3;
    for (let i = 0; i < whole; i++) {
      if (address.bytes[i] !== this.address.bytes[i]) return false;
    }
    const rest = this.bits & 7;
    if (rest === 0) return true;
    const mask = 0xff00 >> rest;
    return ((address.bytes[whole] ^ this.address.bytes[whole]) & mask & 0xff) === 0;
  }
}
