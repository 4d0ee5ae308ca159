import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';

const LENGTH_DELIMITED: u32 = 2;

/**
 * Walks the length-delimited fields of a protobuf message that a stranger sent: `next` steps to a
 * field, `number` and `value` say which. Ends, with `broken` set, at anything that is not well
 * formed; fields of other wire types are stepped over.
 */
export class MessageReader {
  number: u32 = 0;
  broken: bool = false;
  readonly value: Bytes = new Bytes();
  private at: usize = 0;
  private end: usize = 0;

  open(message: Bytes): MessageReader {
    this.at = message.pointer;
    this.end = message.pointer + message.size;
    this.broken = false;
    return this;
  }

  next(): bool {
    while (this.at < this.end && !this.broken) {
      const tag = this.varint();
      this.number = tag >> 3;
      if ((tag & 7) === LENGTH_DELIMITED) return this.take(this.varint());
      this.skip(tag & 7);
    }
    return false;
  }

  private take(size: u32): bool {
    if (this.broken || <usize>size > this.end - this.at) return this.fail();
    this.value.point(this.at, size);
    this.at += size;
    return true;
  }

  private skip(wireType: u32): void {
    if (wireType === 0) this.varint();
    else if (wireType === 1) this.take(8);
    else if (wireType === 5) this.take(4);
    else this.fail();
  }

  private varint(): u32 {
    let result: u32 = 0;
    let shift: u32 = 0;
    while (this.at < this.end && shift < 64) {
      const byte = load<u8>(this.at++);
      if (shift < 32) result |= (<u32>(byte & 127)) << shift;
      if (byte < 128) return result;
      shift += 7;
    }
    this.fail();
    return 0;
  }

  private fail(): bool {
    this.broken = true;
    return false;
  }
}
