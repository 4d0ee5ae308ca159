/**
 * Generated from config.schema.json by `lateen filter build`: change that file, not this one.
 */
import {
  acceptConfiguration,
  readConfigurationJson,
} from '@lateen/sdk/assembly/json/configuration';
import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';

/** What the body of a request must be. */
export class Config {
  /** Members that the JSON object must have. */
  required: Array<string> = [];
  /** Larger bodies are refused. */
  bytesMax: i64 = 65536;

  /** The configuration at hand; null, and the host knows why, where it breaks the schema. */
  static load(): Config | null {
    const reader = readConfigurationJson();
    if (reader === null) return null;
    const config = new Config();
    config.read(reader);
    return acceptConfiguration(reader) ? config : null;
  }

  read(reader: JsonReader): void {
    this.required = reader.texts('required');
    if (reader.has('required') && this.required.length > 100) reader.complain('required', 'has more than 100 items');
    this.bytesMax = reader.whole('bytesMax', 65536);
    if (reader.has('bytesMax') && this.bytesMax < 2) reader.complain('bytesMax', 'is below 2');
    if (reader.has('bytesMax') && this.bytesMax > 1048576) reader.complain('bytesMax', 'is above 1048576');
    reader.refuseUnread();
  }
}
