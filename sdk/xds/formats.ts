import { isIP } from 'node:net';

/**
 * Says why the text is not of the named format of protoc-gen-validate (`hostname`, `ip`,
 * `HTTP_HEADER_NAME`, ...), or undefined where it is. `_LAX` marks the forms with `strict: false`.
 */
export function wellFormed(name: string, text: string): string | undefined {
  const format = FORMATS.get(name);
  if (format === undefined || format.test(text)) return undefined;
  return `value must be a valid ${format.words}`;
}

interface Format {
  readonly words: string;
  test(text: string): boolean;
}

function byPattern(words: string, pattern: RegExp): Format {
  return { words, test: (text) => pattern.test(text) };
}

const HEADER_NAME = /^:?[0-9a-zA-Z!#$%&'*+\-.^_|~`]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses.
const HEADER_VALUE = /^[^\u0000-\u0008\u000A-\u001F\u007F]*$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these break a header line.
const LINE_BREAKS = /[\u0000\u000A\u000D]/;

const FORMATS: ReadonlyMap<string, Format> = new Map<string, Format>([
  ['HTTP_HEADER_NAME', byPattern('HTTP header name', HEADER_NAME)],
  ['HTTP_HEADER_VALUE', byPattern('HTTP header value', HEADER_VALUE)],
  // Without `strict`, an unset name passes: WeightedCluster.ClusterWeight.cluster_header relies on it.
  ['HTTP_HEADER_NAME_LAX', { words: 'HTTP header name', test: (t) => !LINE_BREAKS.test(t) }],
  ['HTTP_HEADER_VALUE_LAX', { words: 'HTTP header value', test: (t) => !LINE_BREAKS.test(t) }],
  ['email', byPattern('email address', /^[^\s@]{1,64}@[^\s@]{1,253}$/)],
  ['hostname', { words: 'hostname', test: isHostname }],
  ['ip', { words: 'IP address', test: (t) => isIP(t) !== 0 }],
  ['ipv4', { words: 'IPv4 address', test: (t) => isIP(t) === 4 }],
  ['ipv6', { words: 'IPv6 address', test: (t) => isIP(t) === 6 }],
  ['address', { words: 'hostname, or ip address', test: (t) => isIP(t) !== 0 || isHostname(t) }],
  ['uri', { words: 'absolute URI', test: (t) => URL.canParse(t) }],
  ['uriRef', { words: 'URI', test: (t) => URL.canParse(t, 'http://host/') }],
  ['uuid', byPattern('UUID', /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i)],
]);

/** RFC 1123 labels, each of at most 63 characters, 253 in all; one final dot is fine. */
function isHostname(text: string): boolean {
  const name = text.endsWith('.') ? text.slice(0, -1) : text;
  if (name.length === 0 || name.length > 253) return false;
  return name.split('.').every((label) => /^(?!-)[a-z0-9-]{1,63}(?<!-)$/i.test(label));
}
