import { ByteBuilder } from '@lateen/sdk/assembly/bytes/byte-builder';
import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { CONTINUE, HttpContext, responseBody, responseHeaders } from '@lateen/sdk/assembly/index';

const OLD = Bytes.of('http://');
const NEW = Bytes.of('https://');
const chunk = new Bytes();
const whole = new Bytes();
const joined = new ByteBuilder();
const rewritten = new ByteBuilder();

/**
 * Makes `http://` to `https://` in texts while they stream. A chunk may end within what is looked
 * for: such an end (at most six bytes) waits for the next chunk.
 */
export class Rewrite extends HttpContext {
  private applies: bool = false;
  private rest: Bytes = new Bytes();

  onResponseHeaders(count: i32, end: bool): i32 {
    const type = responseHeaders.get('content-type');
    const encoding = responseHeaders.get('content-encoding');
    this.applies = !end && encoding === null && type !== null && type.startsWith('text/');
    if (this.applies) responseHeaders.remove('content-length');
    return CONTINUE;
  }

  onResponseBody(size: i32, end: bool): i32 {
    if (!this.applies) return CONTINUE;
    responseBody.view(0, size, chunk);
    joined.clear().bytes(this.rest).bytes(chunk).view(whole);
    const kept = end ? 0 : beginningAtEnd(whole);
    this.rest = Bytes.at(whole.pointer + whole.size - kept, kept).copy();
    whole.size -= kept;
    replaceAll(whole);
    rewritten.view(whole);
    responseBody.write(0, size, whole.pointer, whole.size);
    return CONTINUE;
  }
}

/** Size of the longest end of the text with which OLD begins. */
function beginningAtEnd(text: Bytes): i32 {
  const longest = min(OLD.size - 1, text.size);
  for (let size = longest; size > 0; size--) {
    const end = Bytes.at(OLD.pointer, size);
    if (text.endsWith(end)) return size;
  }
  return 0;
}

function replaceAll(text: Bytes): void {
  rewritten.clear();
  let at = 0;
  while (at < text.size) {
    const next = text.indexOf(OLD.byte(0), at);
    const stop = next < 0 ? text.size : next;
    rewritten.raw(text.pointer + at, stop - at);
    at = stop;
    if (next < 0) return;
    const here = Bytes.at(text.pointer + at, text.size - at);
    if (here.startsWith(OLD)) {
      rewritten.bytes(NEW);
      at += OLD.size;
    } else {
      rewritten.byte(text.byte(at++));
    }
  }
}
