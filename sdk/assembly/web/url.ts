import { lowerText } from '../bytes/ascii';
import { percentDecode, percentEncode } from './percent';
import { Query } from './query';

/**
 * A URL in its parts (RFC 3986, 3), or what `:path` holds: then `scheme` and `authority` are empty.
 * `path` and `query` are as they were written; change them and `toString` puts the whole together.
 */
export class Url {
  /** In lower case, without `:`. */
  scheme: string = '';
  /** Host and port, perhaps with user information. */
  authority: string = '';
  path: string = '';
  /** Without `?`; null where there is none. */
  query: string | null = null;
  /** Without `#`; null where there is none. */
  fragment: string | null = null;

  /** Any text has a reading; what is missing is empty. */
  static parse(text: string): Url {
    const url = new Url();
    let rest = text;
    const hash = rest.indexOf('#');
    if (hash >= 0) {
      url.fragment = rest.substring(hash + 1);
      rest = rest.substring(0, hash);
    }
    const mark = rest.indexOf('?');
    if (mark >= 0) {
      url.query = rest.substring(mark + 1);
      rest = rest.substring(0, mark);
    }
    const scheme = rest.indexOf('://');
    if (scheme > 0 && rest.indexOf('/') > scheme) {
      url.scheme = lowerText(rest.substring(0, scheme));
      rest = rest.substring(scheme + 3);
      const slash = rest.indexOf('/');
      url.authority = slash < 0 ? rest : rest.substring(0, slash);
      rest = slash < 0 ? '' : rest.substring(slash);
    }
    url.path = rest;
    return url;
  }

  /** The authority's host, in lower case; of IPv6 with its brackets. */
  get host(): string {
    const host = this.hostPort;
    const colon = host.lastIndexOf(':');
    return lowerText(colon > host.lastIndexOf(']') ? host.substring(0, colon) : host);
  }

  /** The port, else the scheme's (80, 443), else 0. */
  get port(): i32 {
    const host = this.hostPort;
    const colon = host.lastIndexOf(':');
    const digits = colon > host.lastIndexOf(']') ? host.substring(colon + 1) : '';
    if (digits.length > 0 && digits.length <= 5) return portOf(digits);
    return this.scheme === 'https' ? 443 : this.scheme === 'http' ? 80 : 0;
  }

  /** The path's segments, decoded: `/a%20b/c` has `a b` and `c`. */
  get segments(): Array<string> {
    const parts = (this.path.startsWith('/') ? this.path.substring(1) : this.path).split('/');
    for (let i = 0; i < parts.length; i++) parts[i] = percentDecode(parts[i]);
    return parts;
  }

  /** Writes the path from segments, which are encoded. */
  setSegments(segments: Array<string>): Url {
    let path = '';
    for (let i = 0; i < segments.length; i++) path += '/' + percentEncode(segments[i]);
    this.path = path;
    return this;
  }

  /** The query's names and values; a copy: hand it to `setParameters` when it has changed. */
  get parameters(): Query {
    const query = this.query;
    return query === null ? new Query() : Query.parse(query);
  }

  /** An empty one takes the query away. */
  setParameters(parameters: Query): Url {
    this.query = parameters.size === 0 ? null : parameters.toString();
    return this;
  }

  /** What `:path` holds: path and query. */
  get target(): string {
    const query = this.query;
    const path = this.path.length === 0 ? '/' : this.path;
    return query === null ? path : path + '?' + query;
  }

  toString(): string {
    const query = this.query;
    const fragment = this.fragment;
    let text = this.scheme.length === 0 ? '' : this.scheme + '://' + this.authority;
    text += this.path;
    if (query !== null) text += '?' + query;
    return fragment === null ? text : text + '#' + fragment;
  }

  private get hostPort(): string {
    return this.authority.substring(this.authority.lastIndexOf('@') + 1);
  }
}

function portOf(digits: string): i32 {
  let port = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return 0;
    port = port * 10 + digit;
  }
  return port > 65535 ? 0 : port;
}
