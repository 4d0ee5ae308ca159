import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { StringMatcher } from '@lateen/sdk/assembly/match/string-matcher';
import { request } from './request';

const AMPERSAND: u8 = 0x26;
const EQUALS: u8 = 0x3d;
const HASH: u8 = 0x23;
const value = new Bytes();

/** `envoy.config.route.v3.QueryParameterMatcher`: the first parameter of that name decides. */
export class QueryMatcher {
  private readonly name: Bytes;
  /** Null: only presence is asked. */
  private readonly text: StringMatcher | null;
  private readonly present: bool;

  constructor(name: string, text: StringMatcher | null, present: bool) {
    this.name = Bytes.of(name);
    this.text = text;
    this.present = present;
  }

  static readAll(reader: JsonReader): StaticArray<QueryMatcher> {
    const children = reader.children('queryParameters');
    const matchers: QueryMatcher[] = [];
    for (let i = 0; i < children.length; i++) matchers.push(QueryMatcher.read(children[i]));
    return StaticArray.fromArray(matchers);
  }

  matches(): bool {
    const found = findParameter(this.name, value);
    const text = this.text;
    if (text === null) return found === this.present;
    return found && text.matches(value);
  }

  private static read(reader: JsonReader): QueryMatcher {
    const text: StringMatcher | null = reader.has('stringMatch')
      ? StringMatcher.read(reader.child('stringMatch'))
      : null;
    const matcher = new QueryMatcher(reader.text('name'), text, reader.flag('presentMatch', true));
    reader.refuseUnread();
    return matcher;
  }
}

/** Points `out` to the parameter's value as it stands in the URL, not decoded (as Envoy). */
function findParameter(name: Bytes, out: Bytes): bool {
  let at = request.path.pointer + request.path.size + 1;
  const end = request.target.pointer + request.target.size;
  while (at < end && load<u8>(at) !== HASH) {
    const start = at;
    let equals: usize = 0;
    while (at < end && load<u8>(at) !== AMPERSAND && load<u8>(at) !== HASH) {
      if (equals === 0 && load<u8>(at) === EQUALS) equals = at;
      at++;
    }
    const nameEnd = equals === 0 ? at : equals;
    if (out.point(start, <i32>(nameEnd - start)).equals(name)) {
      const valueStart = equals === 0 ? at : equals + 1;
      out.point(valueStart, <i32>(at - valueStart));
      return true;
    }
    if (at < end && load<u8>(at) === AMPERSAND) at++;
  }
  return false;
}
