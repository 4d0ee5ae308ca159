import { HttpContext, RootContext } from '@lateen/sdk/assembly/index';
import { BasicAuth } from './basic-auth';
import { Config } from './config.gen';

/** Holds the configuration, which config.schema.json declares. */
export class BasicAuthRoot extends RootContext {
  config: Config = new Config();

  onConfigure(size: i32): bool {
    const config = Config.load();
    if (config === null) return false;
    this.config = config;
    return true;
  }

  createHttp(id: i32): HttpContext {
    return new BasicAuth(id, this.config);
  }
}
