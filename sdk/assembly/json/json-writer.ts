import { ByteBuilder } from '../bytes/byte-builder';
import { Bytes } from '../bytes/bytes';
import { hexDigit } from '../bytes/hex';
import { Json } from './json';

/**
 * Writes JSON text (RFC 8259) from front to back; commas and escapes are its own affair:
 *
 *     new JsonWriter().object().key('error').text('late').key('code').integer(7).end().toString()
 *
 * `end` closes what was opened last. It checks nothing else: a key before each value of an object,
 * none in a list.
 */
export class JsonWriter {
  private readonly out: ByteBuilder = new ByteBuilder();
  /** Closing brackets of what is open. */
  private open: Array<u8> = [];
  private wantsComma: bool = false;

  /** Begins again; memory stays. */
  clear(): JsonWriter {
    this.out.clear();
    this.open = [];
    this.wantsComma = false;
    return this;
  }

  /** Opens `{`. */
  object(): JsonWriter {
    return this.begin(0x7b, 0x7d);
  }

  /** Opens `[`. */
  list(): JsonWriter {
    return this.begin(0x5b, 0x5d);
  }

  /** Closes what was opened last. */
  end(): JsonWriter {
    if (this.open.length === 0) return this;
    this.out.byte(this.open.pop());
    this.wantsComma = true;
    return this;
  }

  /** The name of the value that comes next. */
  key(name: string): JsonWriter {
    this.text(name);
    this.out.byte(0x3a);
    this.wantsComma = false;
    return this;
  }

  text(value: string): JsonWriter {
    this.separate();
    const bytes = Bytes.of(value);
    this.out.byte(0x22);
    for (let i = 0; i < bytes.size; i++) this.letter(bytes.byte(i));
    this.out.byte(0x22);
    return this;
  }

  integer(value: i64): JsonWriter {
    this.separate();
    this.out.integer(value);
    return this;
  }

  /** What JSON cannot say (NaN, infinities) becomes null. */
  float(value: f64): JsonWriter {
    if (!isFinite(value)) return this.nothing();
    this.separate();
    this.out.text(value.toString());
    return this;
  }

  flag(value: bool): JsonWriter {
    this.separate();
    this.out.text(value ? 'true' : 'false');
    return this;
  }

  /** `null`. */
  nothing(): JsonWriter {
    this.separate();
    this.out.text('null');
    return this;
  }

  /** A value that was read, as it stands in its text. */
  json(value: Json): JsonWriter {
    this.separate();
    this.out.bytes(value.source(new Bytes()));
    return this;
  }

  /** Points `out` to the text; valid until the writer changes or goes. */
  view(out: Bytes): Bytes {
    return this.out.view(out);
  }

  toString(): string {
    return this.out.toString();
  }

  private begin(opening: u8, closing: u8): JsonWriter {
    this.separate();
    this.out.byte(opening);
    this.open.push(closing);
    this.wantsComma = false;
    return this;
  }

  private separate(): void {
    if (this.wantsComma) this.out.byte(0x2c);
    this.wantsComma = true;
  }

  private letter(byte: u8): void {
    if (byte === 0x22 || byte === 0x5c) this.out.byte(0x5c).byte(byte);
    else if (byte >= 0x20) this.out.byte(byte);
    else
      this.out
        .text('\\u00')
        .byte(hexDigit(byte >> 4))
        .byte(hexDigit(byte & 15));
  }
}
