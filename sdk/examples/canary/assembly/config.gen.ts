/**
 * Generated from config.schema.json by `lateen filter build`: change that file, not this one.
 */
import {
  acceptConfiguration,
  readConfigurationJson,
} from '@lateen/sdk/assembly/json/configuration';
import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';

/** Who gets the new version. */
export class Config {
  /** Share of users, in percent. */
  percent: f64 = 0;
  /** The cookie that names a user. */
  cookie: string = 'user';
  /** The header that routes match. */
  header: string = 'x-version';

  /** The configuration at hand; null, and the host knows why, where it breaks the schema. */
  static load(): Config | null {
    const reader = readConfigurationJson();
    if (reader === null) return null;
    const config = new Config();
    config.read(reader);
    return acceptConfiguration(reader) ? config : null;
  }

  read(reader: JsonReader): void {
    this.percent = reader.float('percent', 0);
    if (reader.has('percent') && this.percent < 0) reader.complain('percent', 'is below 0');
    if (reader.has('percent') && this.percent > 100) reader.complain('percent', 'is above 100');
    this.cookie = reader.text('cookie', 'user');
    if (reader.has('cookie') && this.cookie.length < 1) reader.complain('cookie', 'is shorter than 1');
    this.header = reader.text('header', 'x-version');
    if (reader.has('header') && this.header.length < 1) reader.complain('header', 'is shorter than 1');
    reader.refuseUnread();
  }
}
