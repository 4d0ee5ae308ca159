export const JSON_NULL = 0;
export const JSON_BOOLEAN = 1;
export const JSON_NUMBER = 2;
export const JSON_STRING = 3;
export const JSON_ARRAY = 4;
export const JSON_OBJECT = 5;

/** A parsed JSON value. `kind` says which of the fields means something. */
export class Json {
  kind: i32 = JSON_NULL;
  flag: bool = false;
  number: f64 = 0;
  /** The number as an integer, exact to 64 bits where it was written as one. */
  integer: i64 = 0;
  text: string = '';
  /** Of an array; of an object, beside `keys`. */
  items: Array<Json> = NO_ITEMS;
  keys: Array<string> = NO_KEYS;

  constructor(kind: i32) {
    this.kind = kind;
    if (kind >= JSON_ARRAY) this.items = [] as Json[];
    if (kind === JSON_OBJECT) this.keys = [] as string[];
  }

  /** The member of that name, or null. */
  member(name: string): Json | null {
    for (let i = 0; i < this.keys.length; i++) {
      if (unchecked(this.keys[i]) === name) return unchecked(this.items[i]);
    }
    return null;
  }
}

const NO_ITEMS: Json[] = [];
const NO_KEYS: string[] = [];
