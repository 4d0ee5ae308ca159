import { HttpContext, RootContext } from '@lateen/sdk/assembly/index';
import {
  acceptConfiguration,
  readConfigurationJson,
} from '@lateen/sdk/assembly/json/configuration';
import { Auth } from './auth';

/** Holds the keys; there is one for each place where the filter is used. */
export class AuthRoot extends RootContext {
  header: string = '';
  keys: Array<string> = [];

  onConfigure(size: i32): bool {
    const reader = readConfigurationJson();
    if (reader === null) return false;
    const header = reader.text('header', 'x-api-key');
    const keys = reader.texts('keys');
    if (keys.length === 0) reader.complain('keys', 'must name at least one key');
    reader.refuseUnread();
    if (!acceptConfiguration(reader)) return false;
    this.header = header;
    this.keys = keys;
    return true;
  }

  createHttp(id: i32): HttpContext {
    return new Auth(id, this);
  }
}
