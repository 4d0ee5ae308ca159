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

/** The first complaint of a tree of readers: which field, and what is wrong with it. */
export class JsonComplaint {
  path: string = '';
  message: string = '';

  get made(): bool {
    return this.message.length > 0;
  }

  make(path: string, message: string): void {
    if (this.made) return;
    this.path = path;
    this.message = message;
  }
}

/**
 * Reads one object into typed values. A missing member gives the fallback; a member of another
 * type is a complaint that names its path. It remembers what was read, so that what nobody
 * understands can be refused or warned of instead of being overlooked.
 */
export class JsonReader {
  readonly path: string;
  readonly complaint: JsonComplaint;
  private readonly json: Json;
  private readonly wasRead: Array<bool>;

  constructor(json: Json, path: string = '', complaint: JsonComplaint = new JsonComplaint()) {
    this.json = json;
    this.path = path;
    this.complaint = complaint;
    this.wasRead = new Array<bool>(json.keys.length);
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
    const found = this.json.member(name);
    if (found !== null && found.kind === JSON_STRING) {
      this.mark(name);
      return I64.parseInt(found.text);
    }
    const value = this.take(name, JSON_NUMBER, 'a number');
    return value === null ? fallback : value.integer;
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
    for (let i = 0; i < value.items.length; i++) {
      if (value.items[i].kind === JSON_STRING) result.push(value.items[i].text);
      else this.complain(name, 'is not a list of strings');
    }
    return result;
  }

  /** A reader of the object there; an absent one reads as empty. */
  child(name: string): JsonReader {
    const value = this.take(name, JSON_OBJECT, 'an object');
    return new JsonReader(value === null ? EMPTY : value, this.at(name), this.complaint);
  }

  children(name: string): Array<JsonReader> {
    const result: JsonReader[] = [];
    const value = this.take(name, JSON_ARRAY, 'a list');
    if (value === null) return result;
    for (let i = 0; i < value.items.length; i++) {
      const path = this.at(name) + '[' + i.toString() + ']';
      if (value.items[i].kind !== JSON_OBJECT) this.complaint.make(path, 'is not an object');
      result.push(new JsonReader(value.items[i], path, this.complaint));
    }
    return result;
  }

  /** The value as it is; counts as read. */
  raw(name: string): Json | null {
    this.mark(name);
    return this.json.member(name);
  }

  /** Member names, for maps. */
  get names(): Array<string> {
    return this.json.keys;
  }

  /** Marks members as known and of no consequence here. */
  ignore(names: Array<string>): void {
    for (let i = 0; i < names.length; i++) this.mark(names[i]);
  }

  /** Marks members that have no effect here, and says so in the log where one is set. */
  warn(names: Array<string>): void {
    for (let i = 0; i < names.length; i++) {
      if (!this.has(names[i])) continue;
      this.mark(names[i]);
      warn('{} is not supported and has no effect', this.at(names[i]));
    }
  }

  /** Members that are set and that nobody read. */
  unread(): Array<string> {
    const result: string[] = [];
    const keys = this.json.keys;
    for (let i = 0; i < keys.length; i++) {
      if (!this.wasRead[i] && keys[i] !== '@type') result.push(keys[i]);
    }
    return result;
  }

  /** Complains about what nobody read: overlooking it could route or admit differently. */
  refuseUnread(): void {
    const names = this.unread();
    for (let i = 0; i < names.length; i++) this.complain(names[i], 'is not supported');
  }

  complain(name: string, message: string): void {
    this.complaint.make(name.length === 0 ? this.path : this.at(name), message);
  }

  at(name: string): string {
    return this.path.length === 0 ? name : this.path + '.' + name;
  }

  private mark(name: string): void {
    const place = this.json.keys.indexOf(name);
    if (place >= 0) this.wasRead[place] = true;
  }

  private take(name: string, kind: i32, expected: string): Json | null {
    this.mark(name);
    const value = this.json.member(name);
    if (value === null || value.kind === JSON_NULL) return null;
    if (value.kind === kind) return value;
    this.complain(name, 'is not ' + expected);
    return null;
  }
}

const EMPTY = new Json(JSON_OBJECT);
