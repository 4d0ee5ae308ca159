import { allocate } from '@lateen/sdk/assembly/arena';
import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { Regex } from '@lateen/sdk/assembly/host/regex';
import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { readRegex } from '@lateen/sdk/assembly/match/string-matcher';
import { request } from './request';
import { MATCH_REGEX, RouteMatch } from './route-match';

/** A pattern and what its matches are replaced by. */
export class RegexRewrite {
  private readonly regex: Regex | null;
  private readonly substitution: Bytes;

  constructor(reader: JsonReader) {
    this.regex = readRegex(reader.child('pattern'));
    this.substitution = Bytes.of(reader.text('substitution'));
    reader.refuseUnread();
  }

  apply(text: Bytes, out: Bytes): bool {
    const regex = this.regex;
    return regex !== null && regex.replaceAll(text, this.substitution, out);
  }
}

/** What becomes of the path: the matched part replaced, or a pattern. The query stays. */
export class PathRewrite {
  private readonly prefix: Bytes | null;
  private readonly regex: RegexRewrite | null;
  private readonly match: RouteMatch;

  private constructor(prefix: Bytes | null, regex: RegexRewrite | null, match: RouteMatch) {
    this.prefix = prefix;
    this.regex = regex;
    this.match = match;
  }

  /** Null where the path stays as it is. */
  static read(reader: JsonReader, match: RouteMatch): PathRewrite | null {
    const prefix = reader.text('prefixRewrite');
    if (prefix.length > 0) return new PathRewrite(Bytes.of(prefix), null, match);
    if (!reader.has('regexRewrite')) return null;
    return new PathRewrite(null, new RegexRewrite(reader.child('regexRewrite')), match);
  }

  /** Points `out` to the new path with the query; false where the path stays. */
  apply(out: Bytes): bool {
    const path = request.path;
    const prefix = this.prefix;
    if (prefix !== null) {
      // A route by regular expression has no prefix: the whole path is what matched.
      const matched = this.match.kind === MATCH_REGEX ? path.size : this.match.path.size;
      return join(prefix, min(matched, path.size), out);
    }
    const regex = this.regex;
    if (regex === null || !regex.apply(path, out)) return false;
    return join(out, path.size, out);
  }
}

/** `head`, then the request's target from `skipped` on. */
function join(head: Bytes, skipped: i32, out: Bytes): bool {
  const target = request.target;
  const rest = target.size - skipped;
  const joined = allocate(head.size + rest);
  memory.copy(joined, head.pointer, head.size);
  memory.copy(joined + head.size, target.pointer + skipped, rest);
  out.point(joined, head.size + rest);
  return true;
}
