import { decodeBase64 } from '../bytes/base64';
import { Bytes } from '../bytes/bytes';
import { JSON_ARRAY, JSON_NUMBER, JSON_OBJECT, JSON_STRING, Json } from '../json/json';
import { JsonParser } from '../json/json-parser';
import { sameSecret } from './constant-time';
import { hmacSha256 } from './hmac-sha256';

const TOKEN_SIZE_MAX = 16384;
const DOT: u8 = 0x2e;

/**
 * A signed token in its compact form (RFC 7515, 7519), taken apart. `parse` does not verify:
 * believe nothing in it before `verifiesHs256` (or a verification by the host) and `problem`.
 */
export class Jwt {
  readonly header: Json;
  readonly claims: Json;
  /** The text that the signature is of. */
  readonly signed: Bytes;
  readonly signature: Bytes;

  private constructor(header: Json, claims: Json, signed: Bytes, signature: Bytes) {
    this.header = header;
    this.claims = claims;
    this.signed = signed;
    this.signature = signature;
  }

  /** Null where the text is no such token; `null` and a leading `Bearer ` are welcome. */
  static parse(text: string | null): Jwt | null {
    if (text === null || text.length > TOKEN_SIZE_MAX) return null;
    const token = Bytes.of(text.startsWith('Bearer ') ? text.substring(7) : text);
    const first = token.indexOf(DOT);
    const last = token.lastIndexOf(DOT);
    if (first <= 0 || last === first || token.indexOf(DOT, first + 1) !== last) return null;
    const header = objectOf(token, 0, first);
    const claims = objectOf(token, first + 1, last);
    const signature = new Bytes();
    const rest = Bytes.at(token.pointer + last + 1, token.size - last - 1);
    if (header === null || claims === null || !decodeBase64(rest, signature)) return null;
    const signed = Bytes.at(token.pointer, last).copy();
    return new Jwt(header, claims, signed, signature.copy());
  }

  /** How it says it is signed; empty where it does not say. */
  get algorithm(): string {
    return textOf(this.header, 'alg');
  }

  /** The name of the key that signed; empty where it is not named. */
  get keyId(): string {
    return textOf(this.header, 'kid');
  }

  /** A claim that is text; empty where it is absent or something else. */
  text(claim: string): string {
    return textOf(this.claims, claim);
  }

  /** Whether `alg` is HS256 and the signature is that of `secret`. */
  verifiesHs256(secret: Bytes): bool {
    if (this.algorithm !== 'HS256' || secret.size === 0) return false;
    return sameSecret(hmacSha256(secret, this.signed, new Bytes()), this.signature);
  }

  /** Whether `aud` is, or holds, this audience. */
  isFor(audience: string): bool {
    const claim = this.claims.member('aud');
    if (claim === null) return false;
    if (claim.kind === JSON_STRING) return claim.text === audience;
    let item = claim.kind === JSON_ARRAY ? claim.child : null;
    while (item !== null) {
      if (item.kind === JSON_STRING && item.text === audience) return true;
      item = item.next;
    }
    return false;
  }

  /**
   * Why the claims do not hold at this second since 1970, or empty. An empty issuer or audience is
   * not asked for. Clocks may differ by `leewaySeconds`. A token without `exp` does not expire.
   */
  problem(
    seconds: i64,
    issuer: string = '',
    audience: string = '',
    leewaySeconds: i64 = 60,
  ): string {
    const expiry = this.claims.member('exp');
    const start = this.claims.member('nbf');
    if (expiry !== null && expiry.kind !== JSON_NUMBER) return 'exp is not a number';
    if (start !== null && start.kind !== JSON_NUMBER) return 'nbf is not a number';
    if (expiry !== null && <f64>(seconds - leewaySeconds) >= expiry.number) return 'expired';
    if (start !== null && <f64>(seconds + leewaySeconds) < start.number) return 'not valid yet';
    if (issuer.length > 0 && this.text('iss') !== issuer) return 'of another issuer';
    return audience.length > 0 && !this.isFor(audience) ? 'for another audience' : '';
  }
}

function objectOf(token: Bytes, start: i32, end: i32): Json | null {
  const text = Bytes.at(token.pointer + start, end - start);
  if (!decodeBase64(text, text)) return null;
  const json = new JsonParser().parse(text);
  return json !== null && json.kind === JSON_OBJECT ? json : null;
}

function textOf(json: Json, name: string): string {
  const value = json.member(name);
  return value === null ? '' : value.text;
}
