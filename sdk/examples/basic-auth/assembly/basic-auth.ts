import { decodeBase64 } from '@lateen/sdk/assembly/bytes/base64';
import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { encodeHex } from '@lateen/sdk/assembly/bytes/hex';
import { sameSecret } from '@lateen/sdk/assembly/crypto/constant-time';
import { sha256 } from '@lateen/sdk/assembly/crypto/sha256';
import { replyUnauthorized } from '@lateen/sdk/assembly/host/reply';
import { CONTINUE, HttpContext, PAUSE, requestHeaders } from '@lateen/sdk/assembly/index';
import { Config } from './config.gen';

const COLON: u8 = 0x3a;

/** Basic authentication (RFC 7617): lets known users pass and tells the upstream who they are. */
export class BasicAuth extends HttpContext {
  private readonly config: Config;

  constructor(id: i32, config: Config) {
    super(id);
    this.config = config;
  }

  onRequestHeaders(count: i32, end: bool): i32 {
    const user = this.userOf(requestHeaders.get('authorization'));
    if (user === null) {
      replyUnauthorized('Basic realm="' + this.config.realm + '"');
      return PAUSE;
    }
    requestHeaders.remove('authorization');
    requestHeaders.set('x-user', user);
    return CONTINUE;
  }

  private userOf(header: string | null): string | null {
    if (header === null || !header.startsWith('Basic ')) return null;
    const credentials = new Bytes();
    if (!decodeBase64(Bytes.of(header.substring(6)), credentials)) return null;
    const colon = credentials.indexOf(COLON);
    if (colon < 0) return null;
    const name = Bytes.at(credentials.pointer, colon).toString();
    const password = Bytes.at(credentials.pointer + colon + 1, credentials.size - colon - 1);
    const digest = encodeHex(sha256(password, new Bytes()), new Bytes());
    let found = false;
    for (let i = 0; i < this.config.users.length; i++) {
      const user = this.config.users[i];
      const right = sameSecret(Bytes.of(user.sha256), digest);
      if (user.name === name && right) found = true;
    }
    return found ? name : null;
  }
}
