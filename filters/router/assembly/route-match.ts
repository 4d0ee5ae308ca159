import { lowerText } from '@lateen/sdk/assembly/bytes/ascii';
import { Bytes, lowerByte } from '@lateen/sdk/assembly/bytes/bytes';
import { Regex } from '@lateen/sdk/assembly/host/regex';
import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { Fraction } from '@lateen/sdk/assembly/match/fraction';
import { allMatch, HeaderMatcher } from '@lateen/sdk/assembly/match/header-matcher';
import { HeaderSlots } from '@lateen/sdk/assembly/match/header-slot';
import { readRegex } from '@lateen/sdk/assembly/match/string-matcher';
import { QueryMatcher } from './query-matcher';
import { request } from './request';

export const MATCH_EXACT = 0;
export const MATCH_PREFIX = 1;
/** The prefix, and behind it nothing or a slash. */
export const MATCH_SEPARATED = 2;
export const MATCH_REGEX = 3;

const SLASH: u8 = 0x2f;

/** `envoy.config.route.v3.RouteMatch`, compiled. */
export class RouteMatch {
  readonly kind: i32;
  /** The path or prefix; in lower case where case does not matter. */
  readonly path: Bytes;
  readonly ignoreCase: bool;
  private readonly regex: Regex | null;
  private readonly headers: StaticArray<HeaderMatcher>;
  private readonly query: StaticArray<QueryMatcher>;
  private readonly grpc: bool;
  private readonly fraction: Fraction | null;

  constructor(reader: JsonReader, slots: HeaderSlots) {
    const kind = readKind(reader);
    const ignoreCase = !reader.flag('caseSensitive', true);
    const text = readPath(reader, kind);
    this.kind = kind;
    this.ignoreCase = ignoreCase;
    this.path = Bytes.of(ignoreCase ? lowerText(text) : text);
    this.regex = kind === MATCH_REGEX ? readRegex(reader.child('safeRegex')) : null;
    this.headers = HeaderMatcher.readAll(reader, 'headers', slots);
    this.query = QueryMatcher.readAll(reader);
    this.grpc = reader.raw('grpc') !== null;
    this.fraction = readFraction(reader);
    reader.refuseUnread();
  }

  /** True where an index over paths cannot find it. */
  get unindexed(): bool {
    return this.kind === MATCH_REGEX || this.ignoreCase;
  }

  /** Whether the path matches, for what no index has looked at. */
  matchesPath(): bool {
    const path = request.path;
    if (this.kind === MATCH_REGEX) {
      const regex = this.regex;
      return regex !== null && regex.matches(path);
    }
    if (path.size < this.path.size || !this.beginsWithPath(path)) return false;
    return this.kind !== MATCH_EXACT || path.size === this.path.size;
  }

  /** Whether everything else matches, once the path does. */
  matchesRest(): bool {
    if (this.kind === MATCH_SEPARATED && !this.endsSegment()) return false;
    if (!allMatch(this.headers)) return false;
    const query = this.query;
    for (let i = 0; i < query.length; i++) if (!unchecked(query[i]).matches()) return false;
    if (this.grpc && !request.isGrpc()) return false;
    const fraction = this.fraction;
    return fraction === null || fraction.picks(request.random);
  }

  private beginsWithPath(path: Bytes): bool {
    if (!this.ignoreCase) return path.startsWith(this.path);
    for (let i = 0; i < this.path.size; i++) {
      if (lowerByte(path.byte(i)) !== this.path.byte(i)) return false;
    }
    return true;
  }

  private endsSegment(): bool {
    const size = this.path.size;
    return request.path.size === size || request.path.byte(size) === SLASH;
  }
}

function readKind(reader: JsonReader): i32 {
  if (reader.has('path')) return MATCH_EXACT;
  if (reader.has('prefix')) return MATCH_PREFIX;
  if (reader.has('pathSeparatedPrefix')) return MATCH_SEPARATED;
  if (reader.has('safeRegex')) return MATCH_REGEX;
  reader.refuseUnread();
  reader.complain('', 'needs path, prefix, path_separated_prefix or safe_regex');
  return MATCH_PREFIX;
}

function readPath(reader: JsonReader, kind: i32): string {
  if (kind === MATCH_EXACT) return reader.text('path');
  if (kind === MATCH_PREFIX) return reader.text('prefix');
  return kind === MATCH_SEPARATED ? reader.text('pathSeparatedPrefix') : '';
}

/** There is no runtime here: its default value always holds. */
function readFraction(reader: JsonReader): Fraction | null {
  if (!reader.has('runtimeFraction')) return null;
  return Fraction.read(reader.child('runtimeFraction').child('defaultValue'));
}
