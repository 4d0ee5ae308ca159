import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { Property } from '@lateen/sdk/assembly/host/property';
import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { LogFilter } from './log-filter';

const BITS = Property.of('response.flags');
const TEXT = Property.of('response.flags_text');
const COMMA: u8 = 0x2c;
const flag = new Bytes();

/** `response_flag_filter`: one of these flags; with none named, any flag. */
export class FlagFilter extends LogFilter {
  private readonly flags: Array<Bytes> = [] as Bytes[];

  constructor(reader: JsonReader) {
    super();
    const names = reader.texts('flags');
    for (let i = 0; i < names.length; i++) this.flags.push(Bytes.of(names[i]));
    reader.refuseUnread();
  }

  passes(): bool {
    if (BITS.integer() === 0) return false;
    if (this.flags.length === 0) return true;
    if (!TEXT.read()) return false;
    const text = TEXT.value;
    for (let start = 0, at = 0; at <= text.size; at++) {
      if (at < text.size && text.byte(at) !== COMMA) continue;
      if (this.has(flag.point(text.pointer + start, at - start))) return true;
      start = at + 1;
    }
    return false;
  }

  private has(name: Bytes): bool {
    for (let i = 0; i < this.flags.length; i++) {
      if (unchecked(this.flags[i]).equals(name)) return true;
    }
    return false;
  }
}
