import { HttpContext, RootContext } from '@lateen/sdk/assembly/index';
import { Config } from './config.gen';
import { RateLimit } from './rate-limit';

/** Holds the configuration, which config.schema.json declares. */
export class RateLimitRoot extends RootContext {
  config: Config = new Config();

  onConfigure(size: i32): bool {
    const config = Config.load();
    if (config === null) return false;
    this.config = config;
    return true;
  }

  createHttp(id: i32): HttpContext {
    return new RateLimit(id, this.config);
  }
}
