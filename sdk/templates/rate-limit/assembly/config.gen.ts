/**
 * Generated from config.schema.json by `lateen filter build`: change that file, not this one.
 */
import {
  acceptConfiguration,
  readConfigurationJson,
} from '@lateen/sdk/assembly/json/configuration';
import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';

/** How many requests a client may make. */
export class Config {
  /** Tokens that come back each second. */
  requestsPerSecond: f64 = 10;
  /** Tokens that a full bucket holds. */
  burst: i64 = 20;
  /** What has a bucket of its own: each client address, each value of a header, or all together. */
  key: string = 'address';
  /** The header, where `key` is `header`. */
  header: string = 'x-api-key';

  /** The configuration at hand; null, and the host knows why, where it breaks the schema. */
  static load(): Config | null {
    const reader = readConfigurationJson();
    if (reader === null) return null;
    const config = new Config();
    config.read(reader);
    return acceptConfiguration(reader) ? config : null;
  }

  read(reader: JsonReader): void {
    this.requestsPerSecond = reader.float('requestsPerSecond', 10);
    if (reader.has('requestsPerSecond') && this.requestsPerSecond < 0.001) reader.complain('requestsPerSecond', 'is below 0.001');
    if (reader.has('requestsPerSecond') && this.requestsPerSecond > 1000000) reader.complain('requestsPerSecond', 'is above 1000000');
    this.burst = reader.whole('burst', 20);
    if (reader.has('burst') && this.burst < 1) reader.complain('burst', 'is below 1');
    if (reader.has('burst') && this.burst > 1000000) reader.complain('burst', 'is above 1000000');
    this.key = reader.text('key', 'address');
    if (reader.has('key') && this.key !== 'address' && this.key !== 'header' && this.key !== 'all') reader.complain('key', 'is not one of address, header, all');
    this.header = reader.text('header', 'x-api-key');
    if (reader.has('header') && this.header.length < 1) reader.complain('header', 'is shorter than 1');
    reader.refuseUnread();
  }
}
