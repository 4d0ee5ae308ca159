import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { StringMatcher } from '@lateen/sdk/assembly/match/string-matcher';
import { Rule } from './rule';
import { StreamProperty } from './stream-property';

const SERVER_NAME = new StreamProperty('connection.requested_server_name');

/** `requested_server_name`: the SNI of the connection, empty where there is none (Envoy). */
export class ServerNameRule extends Rule {
  private readonly text: StringMatcher;

  private constructor(text: StringMatcher) {
    super();
    this.text = text;
  }

  static read(reader: JsonReader): Rule {
    return new ServerNameRule(StringMatcher.read(reader));
  }

  matches(_wide: bool): bool {
    SERVER_NAME.read();
    return this.text.matches(SERVER_NAME.value);
  }
}
