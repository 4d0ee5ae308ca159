import { Bytes } from '../bytes/bytes';
import { decodeInteger, decodeNumber } from './json-number';
import { JsonScanner } from './json-scanner';
import { decodeText, isText } from './json-text';

/** `Json.kind` of `null`. */
export const JSON_NULL = 0;
/** `Json.kind` of `true` and `false`. */
export const JSON_BOOLEAN = 1;
/** `Json.kind` of numbers. */
export const JSON_NUMBER = 2;
/** `Json.kind` of texts. */
export const JSON_STRING = 3;
/** `Json.kind` of lists. */
export const JSON_ARRAY = 4;
/** `Json.kind` of objects. */
export const JSON_OBJECT = 5;

/**
 * A JSON value, as a range of text that was checked as a whole. `kind` says which getters mean
 * something. Members and elements come into being when somebody first looks for them, level by
 * level: of a large message, what nobody reads costs nothing.
 */
export class Json {
  readonly kind: i32;
  /** Set by a reader that has used this member. */
  wasRead: bool = false;
  /** The next member or element. */
  next: Json | null = null;
  /** Keeps the text alive. */
  private owner: ArrayBuffer | null;
  private readonly start: usize;
  private readonly end: usize;
  private nameStart: usize = 0;
  private nameEnd: usize = 0;
  private opened: bool = false;
  private first: Json | null = null;
  private list: Array<Json> | null = null;
  private names: Array<string> | null = null;

  constructor(owner: ArrayBuffer | null, start: usize, end: usize) {
    this.owner = owner;
    this.start = start;
    this.end = end;
    this.kind = kindOf(start, end);
  }

  /** The object without members. */
  static empty(): Json {
    const source = String.UTF8.encode('{}');
    const start = changetype<usize>(source);
    return new Json(source, start, start + 2);
  }

  get flag(): bool {
    return load<u8>(this.start) === 0x74;
  }

  get number(): f64 {
    return this.kind === JSON_NUMBER ? decodeNumber(this.start, this.end) : 0;
  }

  /** Exact to 64 bits where the number is written as an integer. */
  get integer(): i64 {
    return this.kind === JSON_NUMBER ? decodeInteger(this.start, this.end) : 0;
  }

  get text(): string {
    return this.kind === JSON_STRING ? decodeText(this.start + 1, this.end - 1) : '';
  }

  /** Points `out` to the value's own text; valid while the value lives. */
  source(out: Bytes): Bytes {
    return out.point(this.start, <i32>(this.end - this.start));
  }

  /** The value's own text. */
  toString(): string {
    return this.source(new Bytes()).toString();
  }

  /** The first member or element; `next` leads on. */
  get child(): Json | null {
    if (!this.opened) this.open();
    return this.first;
  }

  /** The member's own name. */
  get name(): string {
    return decodeText(this.nameStart, this.nameEnd);
  }

  /** The member of that name, or null. */
  member(name: string): Json | null {
    if (this.kind !== JSON_OBJECT) return null;
    let child = this.child;
    while (child !== null) {
      if (isText(child.nameStart, child.nameEnd, name)) return child;
      child = child.next;
    }
    return null;
  }

  /** Elements of an array, or values of an object beside `keys`. */
  get items(): Array<Json> {
    const known = this.list;
    if (known !== null) return known;
    const list: Json[] = [];
    let child = this.child;
    while (child !== null) {
      list.push(child);
      child = child.next;
    }
    this.list = list;
    return list;
  }

  /** Member names in order. */
  get keys(): Array<string> {
    const known = this.names;
    if (known !== null) return known;
    const names: string[] = [];
    let child = this.kind === JSON_OBJECT ? this.child : null;
    while (child !== null) {
      names.push(child.name);
      child = child.next;
    }
    this.names = names;
    return names;
  }

  private open(): void {
    this.opened = true;
    if (this.kind < JSON_ARRAY) return;
    const scanner = new JsonScanner();
    scanner.open(this.start + 1, this.end);
    const closing: u8 = this.kind === JSON_OBJECT ? 0x7d : 0x5d;
    let last: Json | null = null;
    while (scanner.more(closing, last === null)) {
      const child = this.scanChild(scanner);
      if (last === null) this.first = child;
      else last.next = child;
      last = child;
    }
  }

  private scanChild(scanner: JsonScanner): Json {
    const nameStart = scanner.at + 1;
    let nameEnd = nameStart;
    if (this.kind === JSON_OBJECT) {
      scanner.skipString();
      nameEnd = scanner.at - 1;
      scanner.at = nameStart - 1;
      scanner.skipName();
    }
    scanner.skipBlanks();
    const start = scanner.at;
    scanner.skipValue();
    const child = new Json(this.owner, start, scanner.at);
    child.nameStart = nameStart;
    child.nameEnd = nameEnd;
    return child;
  }
}

function kindOf(start: usize, end: usize): i32 {
  if (start >= end) return JSON_NULL;
  const byte = load<u8>(start);
  if (byte === 0x7b) return JSON_OBJECT;
  if (byte === 0x5b) return JSON_ARRAY;
  if (byte === 0x22) return JSON_STRING;
  if (byte === 0x74 || byte === 0x66) return JSON_BOOLEAN;
  return byte === 0x6e ? JSON_NULL : JSON_NUMBER;
}
