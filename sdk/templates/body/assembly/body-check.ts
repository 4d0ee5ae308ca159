import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { replyJsonError } from '@lateen/sdk/assembly/host/reply';
import { CONTINUE, HttpContext, PAUSE, requestBody } from '@lateen/sdk/assembly/index';
import { JSON_OBJECT } from '@lateen/sdk/assembly/json/json';
import { JsonParser } from '@lateen/sdk/assembly/json/json-parser';
import { Config } from './config.gen';

/** Holds a body until all of it is there; lets it go on if it is what it must be. */
export class BodyCheck extends HttpContext {
  private readonly config: Config;

  constructor(id: i32, config: Config) {
    super(id);
    this.config = config;
  }

  onRequestBody(size: i32, end: bool): i32 {
    if (<i64>size > this.config.bytesMax) return this.refuse(413, 'the body is too large');
    if (!end) return PAUSE;
    const body = new Bytes();
    requestBody.view(0, size, body);
    const parser = new JsonParser();
    const json = parser.parse(body);
    if (json === null) return this.refuse(400, 'the body is no JSON: ' + parser.problem);
    if (json.kind !== JSON_OBJECT) return this.refuse(400, 'the body is no JSON object');
    for (let i = 0; i < this.config.required.length; i++) {
      const name = this.config.required[i];
      if (json.member(name) === null) return this.refuse(422, name + ' is missing');
    }
    return CONTINUE;
  }

  private refuse(status: i32, message: string): i32 {
    replyJsonError(status, 'bad_body', message);
    return PAUSE;
  }
}
