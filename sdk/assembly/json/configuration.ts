import { Bytes } from '../bytes/bytes';
import { readConfiguration, refuseConfiguration } from '../host/configuration';
import { JSON_OBJECT, Json } from './json';
import { JsonParser } from './json-parser';
import { JsonReader } from './json-reader';

/**
 * A reader of the configuration at hand; an empty configuration reads as `{}`. Null, and the
 * reason is told to the host, where it is no JSON object.
 */
export function readConfigurationJson(): JsonReader | null {
  const text = new Bytes();
  readConfiguration(text);
  if (text.size === 0) return new JsonReader(Json.empty());
  const parser = new JsonParser();
  const json = parser.parse(text);
  if (json !== null && json.kind === JSON_OBJECT) return new JsonReader(json);
  refuseConfiguration('', json === null ? parser.problem : 'is not a JSON object');
  return null;
}

/** True where nobody complained; else tells the host why the configuration is refused. */
export function acceptConfiguration(reader: JsonReader): bool {
  if (!reader.complaint.made) return true;
  refuseConfiguration(reader.complaint.path, reader.complaint.message);
  return false;
}

/** `acceptConfiguration` for a protobuf message: the path is told in its own spelling. */
export function acceptMessage(reader: JsonReader): bool {
  if (!reader.complaint.made) return true;
  refuseConfiguration(snakeCase(reader.complaint.path), reader.complaint.message);
  return false;
}

function snakeCase(path: string): string {
  let text = '';
  for (let i = 0; i < path.length; i++) {
    const unit = path.charCodeAt(i);
    const upper = unit >= 0x41 && unit <= 0x5a;
    text += upper ? '_' + String.fromCharCode(unit | 0x20) : path.charAt(i);
  }
  return text;
}
