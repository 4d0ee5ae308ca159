import { durationMs } from '../bytes/ascii';
import { warn } from '../host/log';
import {
  JSON_ARRAY,
  JSON_BOOLEAN,
  JSON_NULL,
  JSON_NUMBER,
  JSON_OBJECT,
  JSON_STRING,
  Json,
} from './json';
import { JsonComplaint } from './json-complaint';

const EMPTY = Json.empty();

/**
 * Reads one object into typed values. A missing member gives the fallback; a member of another
 * type is a complaint that names its path. It remembers what was read, so that what nobody
 * understands can be refused or warned of instead of being overlooked.
 */
export class JsonReader {
  readonly complaint: JsonComplaint;
  private readonly json: Json;
  private parent: JsonReader | null = null;
  /** The member's name in the parent, or what the whole is called. */
  private readonly name: string;
  /** The place in a list, -1 for none. */
  private index: i32 = -1;

  constructor(json: Json, name: string = '', complaint: JsonComplaint = new JsonComplaint()) {
    this.json = json;
    this.name = name;
    this.complaint = complaint;
  }

  /** Where this object stands in the whole; put together when somebody asks. */
  get path(): string {
    const parent = this.parent;
    const path = parent === null ? this.name : parent.at(this.name);
    return this.index < 0 ? path : path + '[' + this.index.toString() + ']';
  }

  at(name: string): string {
    const path = this.path;
    return path.length === 0 ? name : path + '.' + name;
  }

  has(name: string): bool {
    const value = this.json.member(name);
    return value !== null && value.kind !== JSON_NULL;
  }

  text(name: string, fallback: string = ''): string {
    const value = this.take(name, JSON_STRING, 'a string');
    return value === null ? fallback : value.text;
  }

  flag(name: string, fallback: bool = false): bool {
    const value = this.take(name, JSON_BOOLEAN, 'true or false');
    return value === null ? fallback : value.flag;
  }

  /** 64-bit integers may be strings, as in proto3 JSON. */
  integer(name: string, fallback: i64 = 0): i64 {
    const found = this.raw(name);
    if (found !== null && found.kind === JSON_STRING) return I64.parseInt(found.text);
    const value = this.take(name, JSON_NUMBER, 'a number');
    return value === null ? fallback : value.integer;
  }

  /** A number without a fraction, and no text. */
  whole(name: string, fallback: i64 = 0): i64 {
    const value = this.take(name, JSON_NUMBER, 'a number');
    if (value === null) return fallback;
    if (value.number === Math.floor(value.number)) return value.integer;
    this.complain(name, 'is not an integer');
    return fallback;
  }

  float(name: string, fallback: f64 = 0): f64 {
    const value = this.take(name, JSON_NUMBER, 'a number');
    return value === null ? fallback : value.number;
  }

  /** Milliseconds of a proto3 JSON duration such as `"1.5s"`. */
  durationMs(name: string, fallback: i64 = 0): i64 {
    if (!this.has(name)) return fallback;
    const milliseconds = durationMs(this.text(name));
    if (isFinite(milliseconds)) return <i64>Math.round(milliseconds);
    this.complain(name, 'is not a duration');
    return fallback;
  }

  texts(name: string): Array<string> {
    const result: string[] = [];
    const value = this.take(name, JSON_ARRAY, 'a list');
    if (value === null) return result;
    let item = value.child;
    while (item !== null) {
      if (item.kind === JSON_STRING) result.push(item.text);
      else this.complain(name, 'is not a list of strings');
      item = item.next;
    }
    return result;
  }

  /** A reader of the object there; an absent one reads as empty. */
  child(name: string): JsonReader {
    const value = this.take(name, JSON_OBJECT, 'an object');
    return this.below(value === null ? EMPTY : value, name, -1);
  }

  children(name: string): Array<JsonReader> {
    const result: JsonReader[] = [];
    const value = this.take(name, JSON_ARRAY, 'a list');
    if (value === null) return result;
    let item = value.child;
    while (item !== null) {
      const reader = this.below(item, name, result.length);
      if (item.kind !== JSON_OBJECT) reader.complain('', 'is not an object');
      result.push(reader);
      item = item.next;
    }
    return result;
  }

  /** The value as it is; counts as read. */
  raw(name: string): Json | null {
    const value = this.json.member(name);
    if (value !== null) value.wasRead = true;
    return value;
  }

  /** Member names, for maps. */
  get names(): Array<string> {
    return this.json.keys;
  }

  /** Marks members as known and of no consequence here. */
  ignore(names: Array<string>): void {
    for (let i = 0; i < names.length; i++) this.raw(names[i]);
  }

  /** Marks members that have no effect here, and says so in the log where one is set. */
  warn(names: Array<string>): void {
    for (let i = 0; i < names.length; i++) {
      if (!this.has(names[i])) continue;
      this.raw(names[i]);
      warn('{} is not supported and has no effect', this.at(names[i]));
    }
  }

  /** Members that are set and that nobody read. */
  unread(): Array<string> {
    const result: string[] = [];
    let item = this.json.kind === JSON_OBJECT ? this.json.child : null;
    while (item !== null) {
      if (!item.wasRead && item.name !== '@type') result.push(item.name);
      item = item.next;
    }
    return result;
  }

  /** Complains about what nobody read: overlooking it could route or admit differently. */
  refuseUnread(): void {
    const names = this.unread();
    for (let i = 0; i < names.length; i++) this.complain(names[i], 'is not supported');
  }

  complain(name: string, message: string): void {
    if (this.complaint.made) return;
    this.complaint.make(name.length === 0 ? this.path : this.at(name), message);
  }

  private below(value: Json, name: string, index: i32): JsonReader {
    const reader = new JsonReader(value, name, this.complaint);
    reader.parent = this;
    reader.index = index;
    return reader;
  }

  private take(name: string, kind: i32, expected: string): Json | null {
    const value = this.raw(name);
    if (value === null || value.kind === JSON_NULL) return null;
    if (value.kind === kind) return value;
    this.complain(name, 'is not ' + expected);
    return null;
  }
}
