import { epoch } from '@lateen/sdk/assembly/arena';
import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { Property } from '@lateen/sdk/assembly/host/property';
import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { parseAddress, parsedHigh, parsedIsV4, parsedLow, parseIp } from './address';
import { Rule } from './rule';

/** An address of the stream, read once per callback however many rules ask. */
export class StreamAddress {
  private readonly property: Property;
  high: u64 = 0;
  low: u64 = 0;
  isV4: bool = false;
  private known: bool = false;
  private readAt: u32 = 0;

  constructor(path: string) {
    this.property = Property.of(path);
  }

  /** False where there is none or it is no IP address. */
  read(): bool {
    if (this.readAt === epoch) return this.known;
    this.readAt = epoch;
    this.known = this.property.read() && parseAddress(this.property.value);
    if (!this.known) return false;
    this.high = parsedHigh;
    this.low = parsedLow;
    this.isV4 = parsedIsV4;
    return true;
  }
}

/** Where the connection came in. */
export const LOCAL_ADDRESS = new StreamAddress('destination.address');
/** Who holds the other end of the connection. */
export const PEER_ADDRESS = new StreamAddress('source.address');
/** The client as far as the connection manager trusts x-forwarded-for. */
export const CLIENT_ADDRESS = new StreamAddress('source.trusted_address');

const V4_BITS = 32;
const V6_BITS = 128;

/** `envoy.config.core.v3.CidrRange`. An absent length is 0, as in Envoy: the whole family. */
export class Cidr extends Rule {
  private readonly address: StreamAddress;
  private readonly isV4: bool;
  private readonly high: u64;
  private readonly low: u64;
  private readonly highMask: u64;
  private readonly lowMask: u64;

  private constructor(address: StreamAddress, isV4: bool, bits: i32) {
    super();
    const whole = isV4 ? bits + V6_BITS - V4_BITS : bits;
    this.address = address;
    this.isV4 = isV4;
    this.highMask = mask(min(whole, 64));
    this.lowMask = mask(max(whole - 64, 0));
    this.high = parsedHigh & this.highMask;
    this.low = parsedLow & this.lowMask;
  }

  static read(reader: JsonReader, address: StreamAddress): Rule {
    const prefix = reader.text('addressPrefix');
    let bits = reader.integer('prefixLen');
    let v4 = false;
    if (parseIp(Bytes.of(prefix))) {
      v4 = parsedIsV4;
      const mapped = v4 && prefix.includes(':');
      if (mapped) bits -= V6_BITS - V4_BITS;
      if (bits < 0 || bits > (v4 ? V4_BITS : V6_BITS)) {
        reader.complain('prefixLen', 'does not fit the address');
      }
    } else {
      reader.complain('addressPrefix', 'is not an IP address');
    }
    reader.refuseUnread();
    return new Cidr(address, v4, <i32>bits);
  }

  matches(wide: bool): bool {
    const address = this.address;
    if (!address.read()) return wide;
    return (
      address.isV4 === this.isV4 &&
      (address.high & this.highMask) === this.high &&
      (address.low & this.lowMask) === this.low
    );
  }
}

/** The first `bits` of 64; shifting by 64 would shift by nothing. */
function mask(bits: i32): u64 {
  return bits <= 0 ? 0 : u64.MAX_VALUE << (64 - min(bits, 64));
}
