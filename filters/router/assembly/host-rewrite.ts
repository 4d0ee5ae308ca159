import { REQUEST_HEADERS } from '@lateen/sdk/abi/maps';
import { lowerText } from '@lateen/sdk/assembly/bytes/ascii';
import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { addHeader, readHeader, setHeader } from '@lateen/sdk/assembly/host/headers';
import { rewriteHostPerAttempt } from '@lateen/sdk/assembly/host/lateen';
import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { RegexRewrite } from './path-rewrite';
import { request } from './request';

const AUTHORITY = Bytes.of(':authority');
const ORIGINAL_HOST = Bytes.of('x-envoy-original-host');
const FORWARDED_HOST = Bytes.of('x-forwarded-host');
const value = new Bytes();

/** What becomes of the host: a literal, a header's value, or a pattern over the path. */
export class HostRewrite {
  private literal: Bytes | null = null;
  private header: Bytes | null = null;
  private regex: RegexRewrite | null = null;
  private readonly appendForwarded: bool;
  /** The host's own name, which is known when one is chosen. */
  private readonly auto: bool;

  constructor(reader: JsonReader) {
    const literal = reader.text('hostRewriteLiteral');
    const header = reader.text('hostRewriteHeader');
    if (literal.length > 0) this.literal = Bytes.of(literal);
    if (header.length > 0) this.header = Bytes.of(lowerText(header));
    if (reader.has('hostRewritePathRegex')) {
      this.regex = new RegexRewrite(reader.child('hostRewritePathRegex'));
    }
    this.appendForwarded = reader.flag('appendXForwardedHost');
    this.auto = reader.flag('autoHostRewrite');
  }

  /** Whether it may change anything. */
  get active(): bool {
    return this.auto || this.literal !== null || this.header !== null || this.regex !== null;
  }

  /** `weighted`: the literal of the weighted cluster that was chosen, which wins. */
  apply(weighted: Bytes | null, keepOriginal: bool): void {
    if (this.auto && weighted === null) {
      if (keepOriginal) setHeader(REQUEST_HEADERS, ORIGINAL_HOST, request.authority);
      if (this.appendForwarded) addHeader(REQUEST_HEADERS, FORWARDED_HOST, request.authority);
      rewriteHostPerAttempt();
      return;
    }
    const host = weighted !== null ? weighted : this.choose();
    if (host === null || host.size === 0 || host.equals(request.authority)) return;
    if (keepOriginal) setHeader(REQUEST_HEADERS, ORIGINAL_HOST, request.authority);
    if (this.appendForwarded) addHeader(REQUEST_HEADERS, FORWARDED_HOST, request.authority);
    setHeader(REQUEST_HEADERS, AUTHORITY, host);
  }

  private choose(): Bytes | null {
    if (this.literal !== null) return this.literal;
    const header = this.header;
    if (header !== null) return readHeader(REQUEST_HEADERS, header, value) ? value : null;
    const regex = this.regex;
    return regex !== null && regex.apply(request.path, value) ? value : null;
  }
}
