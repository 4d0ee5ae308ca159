import { lowerText } from '@lateen/sdk/assembly/bytes/ascii';
import { ByteMap } from '@lateen/sdk/assembly/bytes/byte-map';
import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { hashBytes } from '@lateen/sdk/assembly/bytes/hash';

const NONE = -1;
const STAR: u8 = 0x2a;

/**
 * Virtual hosts by domain, in Envoy's order: exact, then the longest `*.suffix`, then the longest
 * `prefix.*`, then `*`. Look-ups want lower case.
 */
export class DomainIndex {
  private readonly exact: ByteMap<i32> = new ByteMap<i32>();
  private readonly suffixes: WildcardIndex = new WildcardIndex();
  private readonly prefixes: WildcardIndex = new WildcardIndex();
  private any: i32 = NONE;

  /** False where the domain is there already. */
  add(domain: string, virtualHost: i32): bool {
    const key = Bytes.of(lowerText(domain));
    if (key.size === 1 && key.byte(0) === STAR) {
      if (this.any !== NONE) return false;
      this.any = virtualHost;
      return true;
    }
    if (key.size > 0 && key.byte(0) === STAR) {
      return this.suffixes.add(key.point(key.pointer + 1, key.size - 1), virtualHost);
    }
    if (key.size > 0 && key.byte(key.size - 1) === STAR) {
      return this.prefixes.add(key.point(key.pointer, key.size - 1), virtualHost);
    }
    if (this.exact.get(key.pointer, key.size, NONE) !== NONE) return false;
    this.exact.set(key, virtualHost);
    return true;
  }

  /** Index of the virtual host, or -1. */
  find(host: Bytes): i32 {
    let found = NONE;
    if (this.exact.size > 0) found = this.exact.get(host.pointer, host.size, NONE);
    if (found === NONE) found = this.suffixes.find(host, true);
    if (found === NONE) found = this.prefixes.find(host, false);
    return found === NONE ? this.any : found;
  }
}

/** Beginnings or endings of several lengths, longest first. */
class WildcardIndex {
  private readonly entries: ByteMap<i32> = new ByteMap<i32>();
  /** The lengths that occur, descending. */
  private readonly lengths: Array<i32> = [] as i32[];

  add(part: Bytes, virtualHost: i32): bool {
    if (this.entries.get(part.pointer, part.size, NONE) !== NONE) return false;
    this.entries.set(part, virtualHost);
    if (!this.lengths.includes(part.size)) {
      this.lengths.push(part.size);
      this.lengths.sort((a, b) => b - a);
    }
    return true;
  }

  /** A wildcard stands for at least one character. */
  find(host: Bytes, atEnd: bool): i32 {
    for (let i = 0; i < this.lengths.length; i++) {
      const size = unchecked(this.lengths[i]);
      if (size >= host.size) continue;
      const start = atEnd ? host.pointer + (host.size - size) : host.pointer;
      const found = this.entries.getHashed(hashBytes(start, size), start, size, NONE);
      if (found !== NONE) return found;
    }
    return NONE;
  }
}
