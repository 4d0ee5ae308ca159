import * as buffers from '../../abi/buffers';
import { OK } from '../../abi/status';
import { Bytes } from '../bytes/bytes';
import { utf8, utf8Size } from '../bytes/text';
import { proxy_get_buffer_bytes, proxy_get_buffer_status, proxy_set_buffer_bytes } from '../env';
import { OUT, OUT_EXTRA, OUT_SIZE } from './out';

/**
 * A body (or what is held of it) in its callback: everything since the last one that let it pass.
 * To see a whole body at once, return PAUSE until `end` is true.
 */
export class Body {
  readonly type: i32;

  constructor(type: i32) {
    this.type = type;
  }

  /** Bytes that can be read now. */
  get size(): i32 {
    if (proxy_get_buffer_status(this.type, OUT, OUT_EXTRA) !== OK) return 0;
    return load<i32>(OUT);
  }

  /** Points `out` to at most `size` bytes from `start` on, clipped to what is there. */
  view(start: i32, size: i32, out: Bytes): bool {
    store<u64>(OUT, 0);
    const found = proxy_get_buffer_bytes(this.type, start, size, OUT, OUT_SIZE) === OK;
    out.point(load<usize>(OUT), load<i32>(OUT_SIZE));
    return found;
  }

  /** Bytes as UTF-8 text; empty where there is nothing. */
  text(start: i32 = 0, size: i32 = i32.MAX_VALUE): string {
    const bytes = new Bytes();
    return this.view(start, size, bytes) ? bytes.toString() : '';
  }

  read(start: i32 = 0, size: i32 = i32.MAX_VALUE): ArrayBuffer {
    const bytes = new Bytes();
    this.view(start, size, bytes);
    return bytes.toBuffer();
  }

  /** Puts `data` in the place of `size` bytes at `start`. */
  splice(start: i32, size: i32, data: ArrayBuffer): bool {
    return this.write(start, size, changetype<usize>(data), data.byteLength);
  }

  /** `splice` with UTF-8 text. */
  spliceText(start: i32, size: i32, text: string): bool {
    const data = utf8(text);
    return this.write(start, size, data, utf8Size);
  }

  prepend(text: string): bool {
    return this.spliceText(0, 0, text);
  }

  append(text: string): bool {
    return this.spliceText(this.size, 0, text);
  }

  replace(text: string): bool {
    return this.spliceText(0, this.size, text);
  }

  /** The byte level of `splice`. */
  write(start: i32, size: i32, data: usize, dataSize: i32): bool {
    return proxy_set_buffer_bytes(this.type, start, size, data, dataSize) === OK;
  }
}

/** What is held of the request's body. */
export const requestBody = new Body(buffers.HTTP_REQUEST_BODY);
/** What is held of the response's body. */
export const responseBody = new Body(buffers.HTTP_RESPONSE_BODY);
