import { allocate, enter, leave } from '@lateen/sdk/assembly/arena';
import { decodeBase64, encodeBase64, encodeBase64Url } from '@lateen/sdk/assembly/bytes/base64';
import { ByteBuilder } from '@lateen/sdk/assembly/bytes/byte-builder';
import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { hash64 } from '@lateen/sdk/assembly/bytes/hash64';
import { decodeHex, encodeHex } from '@lateen/sdk/assembly/bytes/hex';
import { utf8, utf8Size } from '@lateen/sdk/assembly/bytes/text';
import { sameSecret } from '@lateen/sdk/assembly/crypto/constant-time';
import { hmacSha256 } from '@lateen/sdk/assembly/crypto/hmac-sha256';
import { Jwt } from '@lateen/sdk/assembly/crypto/jwt';
import { sha256 } from '@lateen/sdk/assembly/crypto/sha256';
import { keySampled } from '@lateen/sdk/assembly/host/sampling';
import { JSON_OBJECT, Json } from '@lateen/sdk/assembly/json/json';
import { JsonEdit } from '@lateen/sdk/assembly/json/json-edit';
import { JsonParser } from '@lateen/sdk/assembly/json/json-parser';
import { JsonWriter } from '@lateen/sdk/assembly/json/json-writer';
import { formatHttpDate, parseHttpDate } from '@lateen/sdk/assembly/time/http-date';
import { formatRfc3339, parseRfc3339 } from '@lateen/sdk/assembly/time/rfc3339';
import { cookieOf } from '@lateen/sdk/assembly/web/cookies';
import { percentDecode, percentEncode } from '@lateen/sdk/assembly/web/percent';
import { Query } from '@lateen/sdk/assembly/web/query';
import { SetCookie } from '@lateen/sdk/assembly/web/set-cookie';
import { Url } from '@lateen/sdk/assembly/web/url';

/** Helpers of the SDK, one export each, called by helpers.test.ts through TextGuest. */
export { proxy_on_memory_allocate } from '@lateen/sdk/assembly/exports/module';

export let outputSize = 0;
let inputs: Array<Bytes> = [];
const out = new Bytes();

/** A new call: forgets the inputs of the last one, and its memory. */
export function begin(): void {
  enter();
  leave();
  inputs = [];
  __collect();
}

/** Room for the next input. */
export function input(size: i32): usize {
  const bytes = Bytes.owning(new ArrayBuffer(size));
  inputs.push(bytes);
  return bytes.pointer;
}

function text(index: i32): string {
  return inputs[index].toString();
}

function give(value: string): usize {
  const pointer = utf8(value);
  outputSize = utf8Size;
  return pointer;
}

function giveBytes(bytes: Bytes): usize {
  outputSize = bytes.size;
  return bytes.pointer;
}

export function toBase64(): usize {
  encodeBase64(inputs[0], out);
  return giveBytes(out);
}

export function toBase64Url(): usize {
  encodeBase64Url(inputs[0], out);
  return giveBytes(out);
}

export function fromBase64(): usize {
  return decodeBase64(inputs[0], out) ? giveBytes(out) : give('!');
}

export function toHex(): usize {
  return giveBytes(encodeHex(inputs[0], out));
}

export function fromHex(): usize {
  return decodeHex(inputs[0], out) ? giveBytes(out) : give('!');
}

export function digest(): usize {
  return giveBytes(sha256(inputs[0], out));
}

export function hmac(): usize {
  return giveBytes(hmacSha256(inputs[0], inputs[1], out));
}

export function hash(): u64 {
  return hash64(inputs[0]);
}

export function same(): bool {
  return sameSecret(inputs[0], inputs[1]);
}

/** Whether the key is in the share; percent times 10,000. */
export function inShare(percent: i64): bool {
  return keySampled(text(0), <f64>percent / 10000);
}

export function percentEncoded(): usize {
  return give(percentEncode(text(0)));
}

export function percentDecoded(): usize {
  return give(percentDecode(text(0)));
}

/** Pairs of a query, each of name and value, as JSON. */
export function queryPairs(): usize {
  const query = Query.parse(text(0));
  const json = new JsonWriter().list();
  for (let i = 0; i < query.size; i++) {
    json.list().text(query.nameAt(i)).text(query.valueAt(i)).end();
  }
  return give(json.end().toString());
}

export function queryText(): usize {
  return give(Query.parse(text(0)).toString());
}

/** Does one thing with a query: the second input says what. */
export function queryAfter(): usize {
  const query = Query.parse(text(0));
  const wish = text(1);
  if (wish === 'set') query.set(text(2), text(3));
  else if (wish === 'append') query.append(text(2), text(3));
  else query.remove(text(2));
  return give(query.toString());
}

export function queryValue(): usize {
  const query = Query.parse(text(0));
  const value = query.get(text(1));
  return give(value === null ? 'null' : value + ' of ' + query.getAll(text(1)).length.toString());
}

export function urlParts(): usize {
  const url = Url.parse(text(0));
  const json = new JsonWriter().object().key('scheme').text(url.scheme);
  json.key('host').text(url.host).key('port').integer(url.port).key('path').text(url.path);
  json.key('target').text(url.target).key('segments').text(url.segments.join('|'));
  return give(json.key('whole').text(url.toString()).end().toString());
}

export function urlWith(): usize {
  const url = Url.parse(text(0));
  url.setParameters(url.parameters.set(text(1), text(2)));
  return give(url.toString());
}

export function urlOfSegments(): usize {
  return give(new Url().setSegments(text(0).split('|')).target);
}

export function cookie(): usize {
  const value = cookieOf(text(0), text(1));
  return give(value === null ? 'null' : value);
}

export function setCookie(): usize {
  const built = new SetCookie(text(0), text(1)).build();
  return give(built === null ? 'null' : built);
}

export function rfc3339(milliseconds: i64): usize {
  return give(formatRfc3339(milliseconds));
}

export function fromRfc3339(): i64 {
  return parseRfc3339(text(0));
}

export function httpDate(seconds: i64): usize {
  return give(formatHttpDate(seconds));
}

export function fromHttpDate(): i64 {
  return parseHttpDate(text(0));
}

/** Reads JSON and writes it again. */
export function jsonAgain(): usize {
  const json = new JsonParser().parse(inputs[0]);
  if (json === null) return give('!');
  const writer = new JsonWriter();
  write(json, writer);
  return give(writer.toString());
}

function write(json: Json, writer: JsonWriter): void {
  if (json.kind < 3 && json.kind !== 2) {
    if (json.kind === 0) writer.nothing();
    else writer.flag(json.flag);
    return;
  }
  if (json.kind === 2) {
    writer.json(json);
    return;
  }
  if (json.kind === 3) {
    writer.text(json.text);
    return;
  }
  const isObject = json.kind === JSON_OBJECT;
  if (isObject) writer.object();
  else writer.list();
  let child = json.child;
  while (child !== null) {
    if (isObject) writer.key(child.name);
    write(child, writer);
    child = child.next;
  }
  writer.end();
}

/** Sets one member of an object to text and removes another. */
export function jsonEdited(): usize {
  const json = new JsonParser().parse(inputs[0]);
  if (json === null) return give('!');
  return give(new JsonEdit(json).setText(text(1), text(2)).remove(text(3)).toString());
}

export function jwtPart(): usize {
  const token = Jwt.parse(text(0));
  if (token === null) return give('null');
  return give(token.algorithm + ' ' + token.keyId + ' ' + token.text('sub'));
}

export function jwtVerifies(): bool {
  const token = Jwt.parse(text(0));
  return token !== null && token.verifiesHs256(inputs[1]);
}

/** At this second, for the issuer and audience of the second and third input. */
export function jwtProblem(seconds: i64): usize {
  const token = Jwt.parse(text(0));
  return give(token === null ? 'null' : token.problem(seconds, text(1), text(2)));
}

/** Builds a long text from the input, many times over. */
export function built(times: i64): usize {
  const builder = new ByteBuilder();
  for (let i: i64 = 0; i < times; i++) builder.bytes(inputs[0]).integer(i).byte(0x2c);
  const target = allocate(builder.size);
  memory.copy(target, builder.view(out).pointer, builder.size);
  outputSize = builder.size;
  return target;
}
