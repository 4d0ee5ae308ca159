/** Bytes of a module under construction. */
export class BinaryWriter {
  #bytes: Uint8Array;
  #length = 0;

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(Math.max(64, capacity));
  }

  get length(): number {
    return this.#length;
  }

  u8(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  u32(value: number): void {
    this.#reserve(5);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#length++] = rest;
  }

  /** A signed LEB128 of 32 bits. */
  i32(value: number): void {
    this.#reserve(5);
    let rest = value | 0;
    for (;;) {
      const byte = rest & 0x7f;
      rest >>= 7;
      const last = (rest === 0 && (byte & 0x40) === 0) || (rest === -1 && (byte & 0x40) !== 0);
      this.#bytes[this.#length++] = last ? byte : byte | 0x80;
      if (last) return;
    }
  }

  copy(source: Uint8Array, start = 0, end = source.length): void {
    this.#reserve(end - start);
    this.#bytes.set(source.subarray(start, end), this.#length);
    this.#length += end - start;
  }

  name(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.u32(bytes.length);
    this.copy(bytes);
  }

  /** Room for a length that `endSized` fills in; returns the mark to pass to it. */
  beginSized(): number {
    this.#reserve(5);
    this.#length += 5;
    return this.#length;
  }

  /** Writes the length of all since `mark` as a padded LEB128 (allowed by core spec 5.2.2). */
  endSized(mark: number): void {
    let rest = this.#length - mark;
    for (let i = 0; i < 4; i++) {
      this.#bytes[mark - 5 + i] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[mark - 1] = rest;
  }

  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#length + count, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
