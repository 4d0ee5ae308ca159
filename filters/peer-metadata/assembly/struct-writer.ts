import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';

/** Tags of google.protobuf.Struct, its map entries, and Value. */
const FIELDS: u8 = 0x0a;
const KEY: u8 = 0x0a;
const VALUE: u8 = 0x12;
const STRING_VALUE: u8 = 0x1a;
const STRUCT_VALUE: u8 = 0x2a;

/** Writes a google.protobuf.Struct of strings and structs. Made once, at configuration. */
export class StructWriter {
  private readonly out: Array<u8> = [] as u8[];

  text(key: Bytes, value: Bytes): void {
    this.entry(key, STRING_VALUE, value);
  }

  struct(key: Bytes, value: StructWriter): void {
    this.entry(key, STRUCT_VALUE, value.bytes());
  }

  bytes(): Bytes {
    const buffer = new ArrayBuffer(this.out.length);
    for (let i = 0; i < this.out.length; i++) store<u8>(changetype<usize>(buffer) + i, this.out[i]);
    return Bytes.owning(buffer);
  }

  private entry(key: Bytes, kind: u8, value: Bytes): void {
    const inner = 1 + lengthSize(value.size) + value.size;
    const whole = 1 + lengthSize(key.size) + key.size + 1 + lengthSize(inner) + inner;
    this.tag(FIELDS, whole);
    this.field(KEY, key);
    this.tag(VALUE, inner);
    this.field(kind, value);
  }

  private field(tag: u8, value: Bytes): void {
    this.tag(tag, value.size);
    for (let i = 0; i < value.size; i++) this.out.push(value.byte(i));
  }

  private tag(tag: u8, size: i32): void {
    this.out.push(tag);
    let left = size;
    while (left > 127) {
      this.out.push(<u8>(left & 127) | 128);
      left >>= 7;
    }
    this.out.push(<u8>left);
  }
}

function lengthSize(size: i32): i32 {
  let bytes = 1;
  for (let left = size >> 7; left !== 0; left >>= 7) bytes++;
  return bytes;
}
