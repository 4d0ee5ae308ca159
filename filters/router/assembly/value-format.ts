import { REQUEST_HEADERS, RESPONSE_HEADERS } from '@lateen/sdk/abi/maps';
import { allocate } from '@lateen/sdk/assembly/arena';
import { lowerText } from '@lateen/sdk/assembly/bytes/ascii';
import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { formatInteger } from '@lateen/sdk/assembly/bytes/integer';
import { readHeader } from '@lateen/sdk/assembly/host/headers';
import { Property } from '@lateen/sdk/assembly/host/property';
import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';

const LITERAL = 0;
const REQUEST_FIELD = 1;
const RESPONSE_FIELD = 2;
const TEXT = 3;
const NUMBER = 4;
/** An `address:port` without its port. */
const HOST = 5;

const COLON: u8 = 0x3a;
const NO_LIMIT = i32.MAX_VALUE;
const NO_BYTES = new Bytes();
const alternative = new Bytes();
const piece = new Bytes();
const result = new Bytes();

/** One part of a value: a literal, or what an operator stands for. */
class Piece {
  kind: i32;
  literal: Bytes;
  /** `%REQ(name?other)%` */
  other: Bytes | null = null;
  property: Property | null = null;
  sizeMax: i32 = NO_LIMIT;

  constructor(kind: i32, literal: Bytes) {
    this.kind = kind;
    this.literal = literal;
  }

  /** Points `piece` to the text; empty where there is none. */
  evaluate(): void {
    piece.take(NO_BYTES);
    if (this.kind === LITERAL) piece.take(this.literal);
    else if (this.kind === REQUEST_FIELD) this.field(REQUEST_HEADERS);
    else if (this.kind === RESPONSE_FIELD) this.field(RESPONSE_HEADERS);
    else this.fromProperty();
    piece.size = min(piece.size, this.sizeMax);
  }

  private field(map: i32): void {
    if (readHeader(map, this.literal, piece)) return;
    const other = this.other;
    if (other !== null && readHeader(map, other, alternative)) piece.take(alternative);
  }

  private fromProperty(): void {
    const property = this.property;
    if (property === null || !property.read()) return;
    if (this.kind === NUMBER) {
      formatInteger(property.integer(), piece);
      return;
    }
    piece.take(property.value);
    if (this.kind !== HOST) return;
    const colon = piece.lastIndexOf(COLON);
    if (colon > 0) piece.size = colon;
  }
}

/**
 * A header value with Envoy's operators: `%REQ(X?Y):Z%`, `%RESP(X?Y):Z%`, `%%`, and the names in
 * `simpleOperator`. What has no value reads as nothing.
 */
export class ValueFormat {
  private readonly pieces: Array<Piece> = [] as Piece[];

  /** An operator it does not know is a complaint about the reader's field `name`. */
  static read(reader: JsonReader, name: string): ValueFormat {
    const format = new ValueFormat();
    const text = reader.text(name);
    let at = 0;
    let literal = '';
    while (at < text.length) {
      const start = text.indexOf('%', at);
      if (start < 0) break;
      literal += text.substring(at, start);
      const end = text.indexOf('%', start + 1);
      if (end === start + 1) {
        literal += '%';
      } else {
        format.literal(literal);
        literal = '';
        const operator = end < 0 ? '' : text.substring(start + 1, end);
        if (!format.operator(operator)) {
          reader.complain(name, 'has an operator that is not supported: %' + operator + '%');
          return format;
        }
      }
      at = end + 1;
    }
    format.literal(literal + text.substring(at));
    return format;
  }

  /** The value, valid until the callback returns or the next evaluation. */
  evaluate(): Bytes {
    if (this.pieces.length === 1) {
      unchecked(this.pieces[0]).evaluate();
      return result.take(piece);
    }
    let size = 0;
    const parts = allocate(this.pieces.length * 8);
    for (let i = 0; i < this.pieces.length; i++) {
      unchecked(this.pieces[i]).evaluate();
      store<usize>(parts + i * 8, piece.pointer);
      store<i32>(parts + i * 8, piece.size, 4);
      size += piece.size;
    }
    const target = allocate(size);
    let end = target;
    for (let i = 0; i < this.pieces.length; i++) {
      const length = load<i32>(parts + i * 8, 4);
      memory.copy(end, load<usize>(parts + i * 8), length);
      end += length;
    }
    return result.point(target, size);
  }

  private literal(text: string): void {
    if (text.length > 0) this.pieces.push(new Piece(LITERAL, Bytes.of(text)));
  }

  private operator(text: string): bool {
    const open = text.indexOf('(');
    const name = open < 0 ? text : text.substring(0, open);
    if (name === 'REQ' || name === 'RESP') {
      return this.fieldOperator(name === 'REQ' ? REQUEST_FIELD : RESPONSE_FIELD, text, open);
    }
    return open < 0 && this.simpleOperator(name);
  }

  /** `REQ(name?other):max` */
  private fieldOperator(kind: i32, text: string, open: i32): bool {
    const close = text.lastIndexOf(')');
    if (open < 0 || close < open) return false;
    const names = lowerText(text.substring(open + 1, close)).split('?');
    if (names.length > 2 || names[0].length === 0) return false;
    const piece = new Piece(kind, Bytes.of(names[0]));
    if (names.length === 2) piece.other = Bytes.of(names[1]);
    const limit = text.substring(close + 1);
    if (limit.length > 0) {
      if (!limit.startsWith(':')) return false;
      piece.sizeMax = I32.parseInt(limit.substring(1));
      if (piece.sizeMax <= 0) return false;
    }
    this.pieces.push(piece);
    return true;
  }

  private simpleOperator(name: string): bool {
    if (name === 'DOWNSTREAM_REMOTE_ADDRESS') return this.property(TEXT, 'source.address');
    if (name === 'DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT') {
      return this.property(HOST, 'source.address');
    }
    if (name === 'DOWNSTREAM_REMOTE_PORT') return this.property(NUMBER, 'source.port');
    if (name === 'DOWNSTREAM_LOCAL_ADDRESS') return this.property(TEXT, 'destination.address');
    if (name === 'DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT') {
      return this.property(HOST, 'destination.address');
    }
    if (name === 'DOWNSTREAM_LOCAL_PORT') return this.property(NUMBER, 'destination.port');
    if (name === 'PROTOCOL') return this.property(TEXT, 'request.protocol');
    if (name === 'REQUESTED_SERVER_NAME') {
      return this.property(TEXT, 'connection.requested_server_name');
    }
    if (name === 'DOWNSTREAM_TLS_VERSION') return this.property(TEXT, 'connection.tls_version');
    if (name === 'DOWNSTREAM_PEER_URI_SAN') {
      return this.property(TEXT, 'connection.uri_san_peer_certificate');
    }
    if (name === 'DOWNSTREAM_LOCAL_URI_SAN') {
      return this.property(TEXT, 'connection.uri_san_local_certificate');
    }
    if (name === 'UPSTREAM_HOST') return this.property(TEXT, 'upstream.address');
    if (name === 'UPSTREAM_CLUSTER') return this.property(TEXT, 'xds.cluster_name');
    if (name === 'ROUTE_NAME') return this.property(TEXT, 'xds.route_name');
    if (name === 'RESPONSE_CODE') return this.property(NUMBER, 'response.code');
    if (name === 'RESPONSE_CODE_DETAILS') return this.property(TEXT, 'response.code_details');
    return false;
  }

  private property(kind: i32, path: string): bool {
    const piece = new Piece(kind, NO_BYTES);
    piece.property = Property.of(path);
    this.pieces.push(piece);
    return true;
  }
}
