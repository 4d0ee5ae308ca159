import { Property } from '@lateen/sdk/assembly/host/property';
import { replyJsonError } from '@lateen/sdk/assembly/host/reply';
import { CONTINUE, HttpContext, PAUSE, requestHeaders } from '@lateen/sdk/assembly/index';
import { takeToken } from './bucket';
import { Config } from './config.gen';

const ADDRESS = Property.of('source.address');

/** Lets a request pass while the bucket of its key has tokens. */
export class RateLimit extends HttpContext {
  private readonly config: Config;

  constructor(id: i32, config: Config) {
    super(id);
    this.config = config;
  }

  onRequestHeaders(count: i32, end: bool): i32 {
    if (takeToken(this.key(), this.config.requestsPerSecond, <f64>this.config.burst)) {
      return CONTINUE;
    }
    replyJsonError(429, 'rate_limited', 'too many requests');
    return PAUSE;
  }

  /** Who has neither header nor address shares one bucket with the others that have none. */
  private key(): string {
    let key: string | null = null;
    if (this.config.key === 'header') key = requestHeaders.get(this.config.header);
    if (this.config.key === 'address') {
      const address = ADDRESS.text();
      if (address !== null) key = address.substring(0, address.lastIndexOf(':'));
    }
    return key === null ? 'bucket' : 'bucket ' + key;
  }
}
