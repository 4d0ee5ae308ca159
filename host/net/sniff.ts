/** What the first bytes of a connection show. */
export type Sniffed =
  | {
      readonly kind: 'tls';
      /** Lower case; empty where the client names none. */
      readonly serverName: string;
      readonly applicationProtocols: readonly string[];
    }
  | { readonly kind: 'http'; readonly protocol: 'http/1.0' | 'http/1.1' | 'h2c' }
  /** Neither; or it cannot be told within the limit. */
  | { readonly kind: 'unknown' }
  /** More bytes are needed. */
  | { readonly kind: 'incomplete' };

export interface SniffFor {
  readonly tls: boolean;
  readonly http: boolean;
}

/** Envoy's limits: a longer ClientHello or request line is not looked at to its end. */
export const CLIENT_HELLO_BYTES_MAX = 16 * 1024;
export const REQUEST_LINE_BYTES_MAX = 8 * 1024;

const UNKNOWN: Sniffed = { kind: 'unknown' };
const INCOMPLETE: Sniffed = { kind: 'incomplete' };
const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
const ALPN = 16;
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

/** Judges all bytes received so far; never throws. */
export function sniff(bytes: Buffer, wanted: SniffFor): Sniffed {
  if (bytes.length === 0) return INCOMPLETE;
  if (wanted.tls && bytes[0] === HANDSHAKE) return sniffTls(bytes);
  return wanted.http ? sniffHttp(bytes) : UNKNOWN;
}

/** RFC 8446 section 4.1.2; the hello may be cut into several records (section 5.1). */
function sniffTls(bytes: Buffer): Sniffed {
  const parts: Buffer[] = [];
  let have = 0;
  let wanted = 4;
  for (let at = 0; have < wanted; ) {
    if (at + 5 > bytes.length) return limited(bytes.length, CLIENT_HELLO_BYTES_MAX);
    const length = bytes.readUInt16BE(at + 3);
    if (bytes[at] !== HANDSHAKE || bytes[at + 1] !== 3 || length === 0) return UNKNOWN;
    const part = bytes.subarray(at + 5, at + 5 + length);
    parts.push(part);
    have += part.length;
    at += 5 + length;
    if (wanted === 4 && have >= 4) {
      const head = parts.length === 1 ? part : Buffer.concat(parts);
      if (head[0] !== CLIENT_HELLO) return UNKNOWN;
      wanted = 4 + head.readUIntBE(1, 3);
      if (wanted > CLIENT_HELLO_BYTES_MAX) return UNKNOWN;
    }
    if (part.length < length && have < wanted) {
      return limited(bytes.length, CLIENT_HELLO_BYTES_MAX);
    }
  }
  return readClientHello(Buffer.concat(parts).subarray(4, wanted));
}

function limited(length: number, max: number): Sniffed {
  return length > max ? UNKNOWN : INCOMPLETE;
}

function readClientHello(hello: Buffer): Sniffed {
  // Version and random; then session id, cipher suites, compression methods.
  let rest: Buffer | null = hello.subarray(34);
  for (const lengthBytes of [1, 2, 1]) rest = rest === null ? null : behind(rest, lengthBytes);
  if (rest === null || hello.length < 34) return UNKNOWN;
  let serverName = '';
  let applicationProtocols: readonly string[] = [];
  let extensions = vector(rest, 2);
  while (extensions !== null && extensions.length >= 4) {
    const body = vector(extensions.subarray(2), 2);
    if (body === null) break;
    const type = extensions.readUInt16BE(0);
    if (type === SERVER_NAME) serverName = readServerName(body);
    if (type === ALPN) applicationProtocols = readProtocols(body);
    extensions = extensions.subarray(4 + body.length);
  }
  return { kind: 'tls', serverName, applicationProtocols };
}

/** RFC 6066 section 3. */
function readServerName(body: Buffer): string {
  const list = vector(body, 2);
  if (list === null || list.length < 3 || list[0] !== 0) return '';
  return vector(list.subarray(1), 2)?.toString('latin1').toLowerCase() ?? '';
}

/** RFC 7301 section 3.1. */
function readProtocols(body: Buffer): readonly string[] {
  const protocols: string[] = [];
  let list = vector(body, 2);
  while (list !== null && list.length > 0) {
    const name = vector(list, 1);
    if (name === null) break;
    protocols.push(name.toString('latin1'));
    list = list.subarray(1 + name.length);
  }
  return protocols;
}

/** The bytes of a vector that begins with its length; null where it is cut off. */
function vector(bytes: Buffer, lengthBytes: number): Buffer | null {
  if (bytes.length < lengthBytes) return null;
  const end = lengthBytes + bytes.readUIntBE(0, lengthBytes);
  return end > bytes.length ? null : bytes.subarray(lengthBytes, end);
}

function behind(bytes: Buffer, lengthBytes: number): Buffer | null {
  const skipped = vector(bytes, lengthBytes);
  return skipped === null ? null : bytes.subarray(lengthBytes + skipped.length);
}

function sniffHttp(bytes: Buffer): Sniffed {
  const start = bytes.toString('latin1', 0, PREFACE.length);
  if (PREFACE.startsWith(start)) {
    return start.length === PREFACE.length ? { kind: 'http', protocol: 'h2c' } : INCOMPLETE;
  }
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+( |$)/.test(start.split('\r')[0])) return UNKNOWN;
  const end = bytes.indexOf('\r\n');
  if (end === -1) return limited(bytes.length, REQUEST_LINE_BYTES_MAX);
  const version = / HTTP\/1\.([01])$/.exec(bytes.toString('latin1', Math.max(0, end - 9), end));
  if (version === null) return UNKNOWN;
  return { kind: 'http', protocol: version[1] === '1' ? 'http/1.1' : 'http/1.0' };
}
