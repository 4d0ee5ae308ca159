/**
 * Generated from config.schema.json by `lateen filter build`: change that file, not this one.
 */
import {
  acceptConfiguration,
  readConfigurationJson,
} from '@lateen/sdk/assembly/json/configuration';
import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';

export class ConfigUsers {
  /** As it is typed. */
  name: string = '';
  /** The digest of the password, in lower-case hex. */
  sha256: string = '';

  read(reader: JsonReader): void {
    if (!reader.has('name')) reader.complain('name', 'is required');
    if (!reader.has('sha256')) reader.complain('sha256', 'is required');
    this.name = reader.text('name', '');
    if (reader.has('name') && this.name.length < 1) reader.complain('name', 'is shorter than 1');
    this.sha256 = reader.text('sha256', '');
    if (reader.has('sha256') && this.sha256.length < 64) reader.complain('sha256', 'is shorter than 64');
    if (reader.has('sha256') && this.sha256.length > 64) reader.complain('sha256', 'is longer than 64');
    reader.refuseUnread();
  }
}

/** Who may come in. */
export class Config {
  /** What the browser shows when it asks. */
  realm: string = 'mesh';
  /** Users and the SHA-256 of their passwords. */
  users: Array<ConfigUsers> = [];

  /** The configuration at hand; null, and the host knows why, where it breaks the schema. */
  static load(): Config | null {
    const reader = readConfigurationJson();
    if (reader === null) return null;
    const config = new Config();
    config.read(reader);
    return acceptConfiguration(reader) ? config : null;
  }

  read(reader: JsonReader): void {
    if (!reader.has('users')) reader.complain('users', 'is required');
    this.realm = reader.text('realm', 'mesh');
    if (reader.has('realm') && this.realm.length > 100) reader.complain('realm', 'is longer than 100');
    const users = reader.children('users');
    for (let i = 0; i < users.length; i++) {
      const item = new ConfigUsers();
      item.read(users[i]);
      this.users.push(item);
    }
    if (reader.has('users') && this.users.length < 1) reader.complain('users', 'has fewer than 1 items');
    if (reader.has('users') && this.users.length > 1000) reader.complain('users', 'has more than 1000 items');
    reader.refuseUnread();
  }
}
