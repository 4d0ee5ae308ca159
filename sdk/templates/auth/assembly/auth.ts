import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { sameSecret } from '@lateen/sdk/assembly/crypto/constant-time';
import { replyJsonError } from '@lateen/sdk/assembly/host/reply';
import { CONTINUE, HttpContext, PAUSE, requestHeaders } from '@lateen/sdk/assembly/index';
import { AuthRoot } from './auth-root';

/** Lets requests with a known key pass, without the key. */
export class Auth extends HttpContext {
  private readonly root: AuthRoot;

  constructor(id: i32, root: AuthRoot) {
    super(id);
    this.root = root;
  }

  onRequestHeaders(count: i32, end: bool): i32 {
    const key = requestHeaders.get(this.root.header);
    if (key !== null && this.knows(Bytes.of(key))) {
      requestHeaders.remove(this.root.header);
      return CONTINUE;
    }
    replyJsonError(401, 'unauthorized', 'a valid key is needed in ' + this.root.header);
    return PAUSE;
  }

  /** Looks at all keys, whichever it is: how long it takes says nothing. */
  private knows(key: Bytes): bool {
    let known = false;
    for (let i = 0; i < this.root.keys.length; i++) {
      if (sameSecret(Bytes.of(this.root.keys[i]), key)) known = true;
    }
    return known;
  }
}
