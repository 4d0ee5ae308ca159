import { Bytes } from './bytes';
import { utf8, utf8Size } from './text';

const CAPACITY_MIN = 64;

/**
 * Puts bytes together piece by piece, in memory that grows by doubling and is used again after
 * `clear`. Keep one builder for things that are built often.
 */
export class ByteBuilder {
  private buffer: ArrayBuffer = new ArrayBuffer(CAPACITY_MIN);
  private used: i32 = 0;

  /** Bytes so far. */
  get size(): i32 {
    return this.used;
  }

  /** Begins again; the memory stays. */
  clear(): ByteBuilder {
    this.used = 0;
    return this;
  }

  byte(value: u8): ByteBuilder {
    store<u8>(this.room(1), value);
    return this;
  }

  /** The text's UTF-8 bytes. */
  text(text: string): ByteBuilder {
    const from = utf8(text);
    return this.raw(from, utf8Size);
  }

  bytes(bytes: Bytes): ByteBuilder {
    return this.raw(bytes.pointer, bytes.size);
  }

  /** The number's decimal digits. */
  integer(value: i64): ByteBuilder {
    return this.text(value.toString());
  }

  /** Bytes of any memory. */
  raw(pointer: usize, size: i32): ByteBuilder {
    const target = this.room(size);
    memory.copy(target, pointer, size);
    return this;
  }

  /** Points `out` to what was built; valid until the builder changes or goes. */
  view(out: Bytes): Bytes {
    return out.point(changetype<usize>(this.buffer), this.used);
  }

  toString(): string {
    return String.UTF8.decodeUnsafe(changetype<usize>(this.buffer), this.used);
  }

  toBuffer(): ArrayBuffer {
    return this.buffer.slice(0, this.used);
  }

  private room(size: i32): usize {
    const need = this.used + size;
    if (need > this.buffer.byteLength) {
      const grown = new ArrayBuffer(max(need, this.buffer.byteLength * 2));
      memory.copy(changetype<usize>(grown), changetype<usize>(this.buffer), this.used);
      this.buffer = grown;
    }
    const at = changetype<usize>(this.buffer) + this.used;
    this.used = need;
    return at;
  }
}
