import { HttpContext, RootContext } from '@lateen/sdk/assembly/index';
import { Canary } from './canary';
import { Config } from './config.gen';

/** Holds the configuration, which config.schema.json declares. */
export class CanaryRoot extends RootContext {
  config: Config = new Config();

  onConfigure(size: i32): bool {
    const config = Config.load();
    if (config === null) return false;
    this.config = config;
    return true;
  }

  createHttp(id: i32): HttpContext {
    return new Canary(id, this.config);
  }
}
