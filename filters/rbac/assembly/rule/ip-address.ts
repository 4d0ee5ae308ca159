import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';

const DOT: u8 = 0x2e;
const COLON: u8 = 0x3a;
const PERCENT: u8 = 0x25;
const IPV4_BYTES = 4;
const IPV6_BYTES = 16;

/** An IPv4 or IPv6 address; IPv4 in IPv6's clothes (`::ffff:1.2.3.4`) is IPv4. */
export class IpAddress {
  readonly bytes: StaticArray<u8> = new StaticArray<u8>(IPV6_BYTES);
  /** 4 or 16; 0 before anything was parsed. */
  size: i32 = 0;

  /** False where the text is no address; then it is empty. */
  parse(text: Bytes): bool {
    const valid = text.indexOf(COLON) < 0 ? this.readIpv4(text, 0, 0) : this.readIpv6(text);
    if (!valid) this.size = 0;
    else if (text.indexOf(COLON) < 0) this.size = IPV4_BYTES;
    else this.unmap();
    return valid;
  }

  /** Four decimal numbers from `at` to the end of the text, into the bytes from `place`. */
  private readIpv4(text: Bytes, at: i32, place: i32): bool {
    for (let part = 0; part < IPV4_BYTES; part++) {
      const start = at;
      let value = 0;
      while (at < text.size && at - start < 3 && isDigit(text.byte(at))) {
        value = value * 10 + (text.byte(at++) - 0x30);
      }
      const size = at - start;
      if (size === 0 || value > 255 || (size > 1 && text.byte(start) === 0x30)) return false;
      this.bytes[place + part] = <u8>value;
      if (part === IPV4_BYTES - 1) return at === text.size;
      if (at >= text.size || text.byte(at++) !== DOT) return false;
    }
    return false;
  }

  /** Groups of 16 bits; `::` once, for as many zeros as are missing (RFC 4291 section 2.2). */
  private readIpv6(text: Bytes): bool {
    const zone = text.indexOf(PERCENT);
    if (zone >= 0) text.size = zone;
    let place = 0;
    let gap = -1;
    let at = 0;
    if (text.size >= 2 && text.byte(0) === COLON) {
      if (text.byte(1) !== COLON) return false;
      gap = 0;
      at = 2;
    }
    while (at < text.size) {
      const end = groupEnd(text, at);
      if (end < text.size && text.byte(end) === DOT) {
        if (place > IPV6_BYTES - IPV4_BYTES || !this.readIpv4(text, at, place)) return false;
        place += IPV4_BYTES;
        break;
      }
      if (end === at || end - at > 4 || place === IPV6_BYTES) return false;
      this.writeGroup(text, at, end, place);
      place += 2;
      at = end;
      if (at === text.size) break;
      if (text.byte(at++) !== COLON || at === text.size) return false;
      if (text.byte(at) !== COLON) continue;
      if (gap >= 0) return false;
      gap = place;
      at++;
    }
    return gap < 0 ? place === IPV6_BYTES : this.spread(gap, place);
  }

  private writeGroup(text: Bytes, start: i32, end: i32, place: i32): void {
    let value = 0;
    for (let at = start; at < end; at++) value = (value << 4) | hexValue(text.byte(at));
    this.bytes[place] = <u8>(value >> 8);
    this.bytes[place + 1] = <u8>value;
  }

  /** Moves what stands behind the gap to the end. A gap stands for one group at least. */
  private spread(gap: i32, place: i32): bool {
    if (place > IPV6_BYTES - 2) return false;
    const moved = place - gap;
    for (let i = 1; i <= moved; i++) this.bytes[IPV6_BYTES - i] = this.bytes[place - i];
    for (let i = gap; i < IPV6_BYTES - moved; i++) this.bytes[i] = 0;
    return true;
  }

  private unmap(): void {
    this.size = IPV6_BYTES;
    for (let i = 0; i < 10; i++) if (this.bytes[i] !== 0) return;
    if (this.bytes[10] !== 0xff || this.bytes[11] !== 0xff) return;
    for (let i = 0; i < IPV4_BYTES; i++) this.bytes[i] = this.bytes[12 + i];
    this.size = IPV4_BYTES;
  }
}

function groupEnd(text: Bytes, start: i32): i32 {
  let at = start;
  while (at < text.size && hexValue(text.byte(at)) >= 0) at++;
  return at;
}

function isDigit(byte: u8): bool {
  return byte >= 0x30 && byte <= 0x39;
}

function hexValue(byte: u8): i32 {
  if (isDigit(byte)) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
