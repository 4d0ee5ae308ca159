import { Json } from './json';
import { JsonWriter } from './json-writer';

/**
 * A JSON object with other members: what was read stays as it is, and what is not touched is
 * copied, letter by letter. `new JsonEdit(json).remove('password').setText('by', 'mesh').toString()`
 */
export class JsonEdit {
  private readonly json: Json;
  private readonly names: Array<string> = [];
  /** JSON text; null removes. */
  private readonly values: Array<string | null> = [];

  /** What is no object counts as `{}`. */
  constructor(json: Json) {
    this.json = json;
  }

  setText(name: string, value: string): JsonEdit {
    return this.put(name, new JsonWriter().text(value).toString());
  }

  setInteger(name: string, value: i64): JsonEdit {
    return this.put(name, value.toString());
  }

  setFlag(name: string, value: bool): JsonEdit {
    return this.put(name, value ? 'true' : 'false');
  }

  /** A value as JSON text, which is trusted to be one: of a JsonWriter or another JsonEdit. */
  setJson(name: string, text: string): JsonEdit {
    return this.put(name, text);
  }

  remove(name: string): JsonEdit {
    return this.put(name, null);
  }

  /** Members in their old order; new ones behind. */
  toString(): string {
    let text = '';
    const keys = this.json.keys;
    const items = this.json.items;
    for (let i = 0; i < keys.length; i++) {
      const at = this.names.indexOf(keys[i]);
      const value = at < 0 ? items[i].toString() : this.values[at];
      if (value !== null) text += member(text.length > 0, keys[i], value);
    }
    for (let i = 0; i < this.names.length; i++) {
      const value = this.values[i];
      if (value !== null && !keys.includes(this.names[i]))
        text += member(text.length > 0, this.names[i], value);
    }
    return '{' + text + '}';
  }

  private put(name: string, value: string | null): JsonEdit {
    const at = this.names.indexOf(name);
    if (at < 0) {
      this.names.push(name);
      this.values.push(value);
    } else {
      this.values[at] = value;
    }
    return this;
  }
}

function member(comma: bool, name: string, value: string): string {
  return (comma ? ',' : '') + new JsonWriter().text(name).toString() + ':' + value;
}
