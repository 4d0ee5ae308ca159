import { formDecode, formEncode } from './percent';

/**
 * Names and values of a query string or of an `application/x-www-form-urlencoded` body, in order,
 * as URLSearchParams has them. Nothing throws; what is absent is null.
 */
export class Query {
  private readonly names: Array<string> = [];
  private readonly values: Array<string> = [];

  /** Reads `a=1&b=2`; a `?` in front is passed over. */
  static parse(text: string): Query {
    const query = new Query();
    const parts = (text.startsWith('?') ? text.substring(1) : text).split('&');
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i];
      if (part.length === 0) continue;
      const equals = part.indexOf('=');
      const name = equals < 0 ? part : part.substring(0, equals);
      query.append(formDecode(name), equals < 0 ? '' : formDecode(part.substring(equals + 1)));
    }
    return query;
  }

  /** Pairs in it. */
  get size(): i32 {
    return this.names.length;
  }

  nameAt(index: i32): string {
    return this.names[index];
  }

  valueAt(index: i32): string {
    return this.values[index];
  }

  /** The first value of that name, or null. */
  get(name: string): string | null {
    const at = this.names.indexOf(name);
    return at < 0 ? null : this.values[at];
  }

  getAll(name: string): Array<string> {
    const found: string[] = [];
    for (let i = 0; i < this.names.length; i++) {
      if (this.names[i] === name) found.push(this.values[i]);
    }
    return found;
  }

  has(name: string): bool {
    return this.names.includes(name);
  }

  append(name: string, value: string): Query {
    this.names.push(name);
    this.values.push(value);
    return this;
  }

  /** Puts one value in the place of all of that name; a new name goes to the end. */
  set(name: string, value: string): Query {
    const at = this.names.indexOf(name);
    if (at < 0) return this.append(name, value);
    this.values[at] = value;
    this.removeFrom(name, at + 1);
    return this;
  }

  remove(name: string): Query {
    this.removeFrom(name, 0);
    return this;
  }

  /** `a=1&b=2`, without `?`. */
  toString(): string {
    let text = '';
    for (let i = 0; i < this.names.length; i++) {
      if (i > 0) text += '&';
      text += formEncode(this.names[i]) + '=' + formEncode(this.values[i]);
    }
    return text;
  }

  private removeFrom(name: string, first: i32): void {
    for (let i = this.names.length - 1; i >= first; i--) {
      if (this.names[i] !== name) continue;
      this.names.splice(i, 1);
      this.values.splice(i, 1);
    }
  }
}
