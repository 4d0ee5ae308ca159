import { allocate } from '../arena';

/**
 * A range of bytes: a header value as the host returned it, a literal, a piece of either. Make it
 * once, at the start, and point it elsewhere for each request: then the hot path allocates nothing.
 * A view of host data is valid until the callback returns (`copy` keeps it).
 */
export class Bytes {
  pointer: usize = 0;
  size: i32 = 0;
  /** Keeps the memory of literals and copies alive. */
  // biome-ignore lint/correctness/noUnusedPrivateClassMembers: the garbage collector reads it
  private owner: ArrayBuffer | null = null;

  /** The UTF-8 bytes of a text, for as long as the object lives. */
  static of(text: string): Bytes {
    return Bytes.owning(String.UTF8.encode(text));
  }

  /** Null for the empty text: a protobuf field that is not set. */
  static orNull(text: string): Bytes | null {
    return text.length === 0 ? null : Bytes.of(text);
  }

  static owning(buffer: ArrayBuffer): Bytes {
    const bytes = new Bytes();
    bytes.owner = buffer;
    return bytes.point(changetype<usize>(buffer), buffer.byteLength);
  }

  static at(pointer: usize, size: i32): Bytes {
    return new Bytes().point(pointer, size);
  }

  point(pointer: usize, size: i32): Bytes {
    this.pointer = pointer;
    this.size = size;
    return this;
  }

  /** Points to what `other` points to. */
  take(other: Bytes): Bytes {
    return this.point(other.pointer, other.size);
  }

  /** A copy that outlives the callback. */
  copy(): Bytes {
    return Bytes.owning(this.toBuffer());
  }

  toBuffer(): ArrayBuffer {
    const buffer = new ArrayBuffer(this.size);
    memory.copy(changetype<usize>(buffer), this.pointer, this.size);
    return buffer;
  }

  byte(index: i32): u8 {
    return load<u8>(this.pointer + index);
  }

  equals(other: Bytes): bool {
    return this.size === other.size && sameBytes(this.pointer, other.pointer, this.size);
  }

  startsWith(other: Bytes): bool {
    return this.size >= other.size && sameBytes(this.pointer, other.pointer, other.size);
  }

  endsWith(other: Bytes): bool {
    const skipped = this.size - other.size;
    return skipped >= 0 && sameBytes(this.pointer + skipped, other.pointer, other.size);
  }

  contains(other: Bytes): bool {
    for (let at = 0; at <= this.size - other.size; at++) {
      if (sameBytes(this.pointer + at, other.pointer, other.size)) return true;
    }
    return false;
  }

  /** Index of the first such byte at or after `from`, or -1. */
  indexOf(byte: u8, from: i32 = 0): i32 {
    for (let at = from; at < this.size; at++) {
      if (load<u8>(this.pointer + at) === byte) return at;
    }
    return -1;
  }

  lastIndexOf(byte: u8): i32 {
    for (let at = this.size - 1; at >= 0; at--) {
      if (load<u8>(this.pointer + at) === byte) return at;
    }
    return -1;
  }

  /** Takes spaces and tabs off both ends. */
  trim(): Bytes {
    while (this.size > 0 && isBlank(load<u8>(this.pointer))) {
      this.pointer++;
      this.size--;
    }
    while (this.size > 0 && isBlank(load<u8>(this.pointer + this.size - 1))) this.size--;
    return this;
  }

  /** Points to a lower-case copy (ASCII) that is valid until the callback returns. */
  lower(): Bytes {
    const target = allocate(this.size);
    for (let at = 0; at < this.size; at++) {
      store<u8>(target + at, lowerByte(load<u8>(this.pointer + at)));
    }
    this.pointer = target;
    return this;
  }

  toString(): string {
    return String.UTF8.decodeUnsafe(this.pointer, this.size);
  }
}

function isBlank(byte: u8): bool {
  return byte === 0x20 || byte === 0x09;
}

/** The byte in lower case (ASCII). */
export function lowerByte(byte: u8): u8 {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}

/** Eight bytes at a time; most comparisons fail or end in the first step. */
export function sameBytes(a: usize, b: usize, size: i32): bool {
  let left = size;
  while (left >= 8) {
    if (load<u64>(a) !== load<u64>(b)) return false;
    a += 8;
    b += 8;
    left -= 8;
  }
  while (left > 0) {
    if (load<u8>(a) !== load<u8>(b)) return false;
    a++;
    b++;
    left--;
  }
  return true;
}
