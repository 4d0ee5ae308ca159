import { REQUEST_HEADERS } from '@lateen/sdk/abi/maps';
import { allocate } from '@lateen/sdk/assembly/arena';
import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { readHeader } from '@lateen/sdk/assembly/host/headers';
import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { PathRewrite } from './path-rewrite';
import { request } from './request';
import { RouteMatch } from './route-match';

const HTTP = Bytes.of('http');
const HTTPS = Bytes.of('https');
const PORT_80 = Bytes.of(':80');
const PORT_443 = Bytes.of(':443');
const SCHEME = Bytes.of(':scheme');
const FORWARDED_PROTO = Bytes.of('x-forwarded-proto');
const NOTHING = new Bytes();
const SCHEME_END = Bytes.of('://');
const COLON: u8 = 0x3a;
const BRACKET: u8 = 0x5d;
const QUESTION_MARK: u8 = 0x3f;

const scheme = new Bytes();
const host = new Bytes();
const port = new Bytes();
const path = new Bytes();
const query = new Bytes();

/** `envoy.config.route.v3.RedirectAction`. */
export class Redirect {
  readonly status: i32;
  private readonly scheme: Bytes | null;
  private readonly host: Bytes | null;
  /** `:` and the port. */
  private readonly port: Bytes | null;
  private readonly path: Bytes | null;
  private readonly rewrite: PathRewrite | null;
  private readonly stripQuery: bool;

  constructor(reader: JsonReader, match: RouteMatch) {
    this.scheme = Bytes.orNull(
      reader.flag('httpsRedirect') ? 'https' : reader.text('schemeRedirect'),
    );
    this.host = Bytes.orNull(reader.text('hostRedirect'));
    const port = reader.integer('portRedirect');
    this.port = Bytes.orNull(port > 0 ? ':' + port.toString() : '');
    this.path = Bytes.orNull(reader.text('pathRedirect'));
    this.rewrite = PathRewrite.read(reader, match);
    this.stripQuery = reader.flag('stripQuery');
    this.status = readStatus(reader);
    reader.refuseUnread();
  }

  /** Points `out` to the URL that the client is sent to. */
  location(out: Bytes): void {
    this.chooseScheme();
    this.chooseHost();
    this.choosePath();
    write(out);
  }

  private chooseScheme(): void {
    const wanted = this.scheme;
    if (wanted !== null) scheme.take(wanted);
    else requestScheme(scheme);
  }

  private chooseHost(): void {
    const wantedPort = this.port;
    port.take(wantedPort === null ? NOTHING : wantedPort);
    const wanted = this.host;
    if (wanted !== null) host.take(wanted);
    else keptHost(host);
  }

  private choosePath(): void {
    const wanted = this.path;
    const rewrite = this.rewrite;
    const hasOwnQuery = wanted !== null && wanted.indexOf(QUESTION_MARK) >= 0;
    query.take(NOTHING);
    if (wanted !== null) {
      path.take(wanted);
      if (!hasOwnQuery) takeQuery();
    } else if (rewrite === null || !rewrite.apply(path)) {
      path.take(request.target);
    }
    if (!this.stripQuery || hasOwnQuery) return;
    query.take(NOTHING);
    const at = path.indexOf(QUESTION_MARK);
    if (at >= 0) path.size = at;
  }
}

/** Sends the client to the same URL by https (`require_tls`). */
export function httpsLocation(out: Bytes): void {
  scheme.take(HTTPS);
  port.take(NOTHING);
  keptHost(host);
  path.take(request.target);
  query.take(NOTHING);
  write(out);
}

/** The scheme by which the client asked: what a proxy in front says of it wins. */
export function requestScheme(out: Bytes): void {
  if (readHeader(REQUEST_HEADERS, FORWARDED_PROTO, out)) return;
  if (!readHeader(REQUEST_HEADERS, SCHEME, out)) out.take(HTTP);
}

export function isHttps(): bool {
  requestScheme(scheme);
  return scheme.equals(HTTPS);
}

/** The request's host; its port goes where another one, or another scheme's default, takes over. */
function keptHost(out: Bytes): void {
  out.take(request.authority);
  const colon = out.lastIndexOf(COLON);
  if (colon < 0 || out.lastIndexOf(BRACKET) > colon) return;
  let drop = port.size > 0;
  if (!drop) {
    const before = new Bytes();
    requestScheme(before);
    const given = Bytes.at(out.pointer + colon, out.size - colon);
    const usual = before.equals(HTTPS) ? PORT_443 : PORT_80;
    drop = !scheme.equals(before) && given.equals(usual);
  }
  if (drop) out.size = colon;
}

function takeQuery(): void {
  const target = request.target;
  const at = target.indexOf(QUESTION_MARK);
  if (at >= 0) query.point(target.pointer + at, target.size - at);
}

function write(out: Bytes): void {
  const size = scheme.size + 3 + host.size + port.size + path.size + query.size;
  const target = allocate(size);
  let end = put(target, scheme);
  end = put(end, SCHEME_END);
  end = put(end, host);
  end = put(end, port);
  end = put(end, path);
  put(end, query);
  out.point(target, size);
}

function put(end: usize, text: Bytes): usize {
  memory.copy(end, text.pointer, text.size);
  return end + text.size;
}

function readStatus(reader: JsonReader): i32 {
  const name = reader.text('responseCode', 'MOVED_PERMANENTLY');
  if (name === 'MOVED_PERMANENTLY') return 301;
  if (name === 'FOUND') return 302;
  if (name === 'SEE_OTHER') return 303;
  if (name === 'TEMPORARY_REDIRECT') return 307;
  if (name !== 'PERMANENT_REDIRECT') reader.complain('responseCode', 'is not known');
  return 308;
}
