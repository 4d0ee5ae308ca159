/** The artefact breaks the format at a byte; thrown inside this folder only, see `module.ts`. */
export class MalformedModule extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Reads the WebAssembly binary format (core spec, chapter 5) within [at, end). */
export class BinaryReader {
  readonly bytes: Uint8Array;
  at: number;
  readonly end: number;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  get done(): boolean {
    return this.at >= this.end;
  }

  u8(): number {
    if (this.at >= this.end) throw new MalformedModule('ends too early', this.at);
    return this.bytes[this.at++];
  }

  /** An unsigned LEB128 of at most 32 bits. */
  u32(): number {
    const first = this.u8();
    if (first < 0x80) return first;
    let value = first & 0x7f;
    for (let shift = 7; shift < 35; shift += 7) {
      const byte = this.u8();
      if (shift === 28 && byte > 0x0f) break;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new MalformedModule('an integer is too long', this.at);
  }

  /** Passes over a LEB128 of any kind. */
  skipLeb(): void {
    for (let length = 0; length < 10; length++) if (this.u8() < 0x80) return;
    throw new MalformedModule('an integer is too long', this.at);
  }

  skip(count: number): void {
    if (count > this.end - this.at) throw new MalformedModule('ends too early', this.at);
    this.at += count;
  }

  name(): string {
    const length = this.u32();
    const start = this.at;
    this.skip(length);
    try {
      return utf8.decode(this.bytes.subarray(start, this.at));
    } catch {
      throw new MalformedModule('a name is not UTF-8', start);
    }
  }

  /** A reader of the next `length` bytes, which this one passes over. */
  slice(length: number): BinaryReader {
    const start = this.at;
    this.skip(length);
    return new BinaryReader(this.bytes, start, this.at);
  }
}
