import { clearRouteCache } from '@lateen/sdk/assembly/host/lateen';
import { keySampled, sampled } from '@lateen/sdk/assembly/host/sampling';
import { CONTINUE, HttpContext, requestHeaders } from '@lateen/sdk/assembly/index';
import { cookieOf } from '@lateen/sdk/assembly/web/cookies';
import { Config } from './config.gen';

/** Names the version that a request is for; a user stays with one. */
export class Canary extends HttpContext {
  private readonly config: Config;

  constructor(id: i32, config: Config) {
    super(id);
    this.config = config;
  }

  onRequestHeaders(count: i32, end: bool): i32 {
    const user = cookieOf(requestHeaders.get('cookie'), this.config.cookie);
    const percent = this.config.percent;
    const chosen = user === null ? sampled(percent) : keySampled(user, percent);
    requestHeaders.set(this.config.header, chosen ? 'next' : 'stable');
    clearRouteCache();
    return CONTINUE;
  }
}
