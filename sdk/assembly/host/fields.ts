import {
  FIELD_HEADER,
  FIELD_JOINED_HEADER,
  FIELD_PROPERTY,
  FN_FIELDS_DEFINE,
  FN_FIELDS_READ,
} from '../../abi/extensions';
import { OK } from '../../abi/status';
import { allocate, epoch, shrink } from '../arena';
import { Bytes } from '../bytes/bytes';
import { callForeign } from './foreign';
import { readHeader } from './headers';
import { readJoinedHeader } from './joined-header';
import { readProperty } from './property';

const DEFINE = Bytes.of(FN_FIELDS_DEFINE);
const READ = Bytes.of(FN_FIELDS_READ);
const ENTRY_BYTES = 8;
const HEAD_BYTES = 5;
/** Room for values: most have it, and those that do not are read one by one. */
const FIELD_BYTES = 96;
const SET_BYTES = 512;
const ROOM_MAX = 8192;
const answer = new Bytes();

/** One value of a set. */
export class Field {
  readonly kind: i32;
  /** Path or name. */
  readonly name: Bytes;
  /** Valid until the callback returns; empty where there is no value. */
  readonly value: Bytes = new Bytes();
  found: bool = false;
  private readonly owner: FieldSet;

  constructor(owner: FieldSet, kind: i32, name: Bytes) {
    this.owner = owner;
    this.kind = kind;
    this.name = name;
  }

  /** Reads the set, unless this callback has; whether there is a value. */
  read(): bool {
    this.owner.read();
    return this.found;
  }

  /** Also times and durations (nanoseconds). */
  integer(fallback: i64 = 0): i64 {
    return this.read() && this.value.size === 8 ? load<i64>(this.value.pointer) : fallback;
  }

  flag(): bool {
    return this.read() && this.value.size === 1 && this.value.byte(0) !== 0;
  }

  /** On a host that does not read sets. */
  readAlone(): void {
    const kind = this.kind;
    if (kind === FIELD_PROPERTY) this.found = readProperty(this.name, this.value);
    else if (kind < FIELD_JOINED_HEADER) {
      this.found = readHeader(kind - FIELD_HEADER, this.name, this.value);
    } else this.found = readJoinedHeader(kind - FIELD_JOINED_HEADER, this.name, this.value);
  }
}

/**
 * Properties and headers that a filter wants of every stream, read by one host call when the first
 * of them is asked for. What is edited later in the same callback is not seen.
 */
export class FieldSet {
  private readonly fields: Array<Field> = [] as Field[];
  private id: u32 = 0;
  /** Fields that the host was told of; others make it be told anew. */
  private defined: i32 = 0;
  private readAt: u32 = 0;

  /** Segments separated by dots. */
  property(path: string): Field {
    return this.segments(path.split('.'));
  }

  /** Segments that may hold dots themselves. */
  segments(segments: Array<string>): Field {
    return this.add(FIELD_PROPERTY, segments.join('\0'));
  }

  /** The first value; the name in lower case. */
  header(map: i32, name: string): Field {
    return this.add(FIELD_HEADER + map, name);
  }

  /** All values, joined by commas; the name in lower case. */
  joinedHeader(map: i32, name: string): Field {
    return this.add(FIELD_JOINED_HEADER + map, name);
  }

  /** A field of a kind of sdk/abi/extensions.ts, the same one for the same name. */
  add(kind: i32, name: string): Field {
    const bytes = Bytes.of(name);
    for (let i = 0; i < this.fields.length; i++) {
      const known = unchecked(this.fields[i]);
      if (known.kind === kind && known.name.equals(bytes)) return known;
    }
    const field = new Field(this, kind, bytes);
    this.fields.push(field);
    return field;
  }

  read(): void {
    if (this.readAt === epoch) return;
    this.readAt = epoch;
    if (this.defined !== this.fields.length) this.define();
    if (this.id !== 0 && this.readTogether()) return;
    for (let i = 0; i < this.fields.length; i++) unchecked(this.fields[i]).readAlone();
  }

  private define(): void {
    const count = this.fields.length;
    let size = 0;
    for (let i = 0; i < count; i++) size += HEAD_BYTES + this.fields[i].name.size;
    const start = allocate(size);
    let at = start;
    for (let i = 0; i < count; i++) {
      const kind = this.fields[i].kind;
      const name = this.fields[i].name;
      store<u8>(at, <u8>kind);
      store<u32>(at + 1, name.size);
      memory.copy(at + HEAD_BYTES, name.pointer, name.size);
      at += HEAD_BYTES + name.size;
    }
    this.defined = count;
    const told = callForeign(DEFINE, start, size, answer) === OK && answer.size === 4;
    this.id = told ? load<u32>(answer.pointer) : 0;
  }

  private readTogether(): bool {
    const count = this.fields.length;
    const room = min(SET_BYTES + count * FIELD_BYTES, ROOM_MAX);
    const question = allocate(12 + 4 + room);
    const start = question + 16;
    store<u32>(question, this.id);
    store<u32>(question, <u32>start, 4);
    store<u32>(question, room, 8);
    if (callForeign(READ, question, 12, answer) !== OK) return false;
    let entry = start;
    let end = start + count * ENTRY_BYTES;
    for (let i = 0; i < count; i++) {
      const field = unchecked(this.fields[i]);
      const size = load<i32>(entry, 4);
      field.found = size >= 0;
      field.value.point(load<usize>(entry), max(size, 0));
      end = max(end, field.value.pointer + field.value.size);
      entry += ENTRY_BYTES;
    }
    shrink(question, <i32>(end - question));
    return true;
  }
}
