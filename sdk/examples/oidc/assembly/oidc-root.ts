import { HttpContext, RootContext } from '@lateen/sdk/assembly/index';
import { Config } from './config.gen';
import { Oidc } from './oidc';

/** Holds the configuration, which config.schema.json declares. */
export class OidcRoot extends RootContext {
  config: Config = new Config();

  onConfigure(size: i32): bool {
    const config = Config.load();
    if (config === null) return false;
    this.config = config;
    return true;
  }

  createHttp(id: i32): HttpContext {
    return new Oidc(id, this.config);
  }
}
