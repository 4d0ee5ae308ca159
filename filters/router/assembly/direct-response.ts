import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { decodeBase64 } from './base64';

/** `envoy.config.route.v3.DirectResponseAction`. */
export class DirectResponse {
  readonly status: i32;
  readonly body: Bytes;

  constructor(reader: JsonReader) {
    const status = <i32>reader.integer('status');
    this.status = status;
    if (status < 200 || status > 599) reader.complain('status', 'is not from 200 to 599');
    this.body = readBody(reader.child('body'));
    reader.refuseUnread();
  }
}

function readBody(reader: JsonReader): Bytes {
  if (reader.has('inlineBytes')) {
    const bytes = decodeBase64(reader.text('inlineBytes'));
    if (bytes !== null) return bytes;
    reader.complain('inlineBytes', 'is not base64');
  }
  const text = reader.text('inlineString');
  reader.refuseUnread();
  return Bytes.of(text);
}
