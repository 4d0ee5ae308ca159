import * as status from '@lateen/sdk/abi/status';
import { NO_BYTES } from '@lateen/sdk/base/bytes';
import type { HeaderMap } from '../../http/header-map.ts';
import type { PropertySink } from '../effects.ts';
import type { GuestMemory } from '../guest-memory.ts';
import { encodeHeaders, headersSize } from '../pairs.ts';

const ABSENT = 0xffffffff;
/** Longer texts that are the same as the last time are copied from bytes that were kept. */
const SHORT_TEXT = 12;

/** What a field said the last time, where that was a text. */
export interface TextMemo {
  text: string;
  bytes: Uint8Array;
}

/** Writes one value after the other into room that a guest has given; its memory stays as it is. */
export class FieldSink implements PropertySink {
  readonly #memory: GuestMemory;
  /** Where the next value goes, and where the room ends. */
  #at = 0;
  #end = 0;
  /** Where the address and the size of the value at hand go. */
  #entry = 0;
  overflowed = false;
  #memo: TextMemo = { text: '', bytes: NO_BYTES };

  constructor(memory: GuestMemory) {
    this.#memory = memory;
  }

  open(start: number, end: number): void {
    this.#at = start;
    this.#end = end;
    this.overflowed = false;
  }

  begin(entry: number, memo: TextMemo): void {
    this.#entry = entry;
    this.#memo = memo;
  }

  absent(): void {
    this.#memory.setU32(this.#entry, 0);
    this.#memory.setU32(this.#entry + 4, ABSENT);
  }

  bytes(source: Uint8Array, start: number, end: number): number {
    const at = this.#room(end - start);
    if (at >= 0) this.#memory.write(at, source, start, end);
    return status.OK;
  }

  text(value: string): number {
    const { length } = value;
    if (length > SHORT_TEXT) return this.#longText(value);
    const from = this.#at;
    if (from + length > this.#end) return this.#overflow();
    const { u8 } = this.#memory;
    for (let i = 0; i < length; i++) {
      const unit = value.charCodeAt(i);
      if (unit > 0x7f) return this.#longText(value);
      u8[from + i] = unit;
    }
    this.#room(length);
    return status.OK;
  }

  int64(value: number): number {
    const at = this.#room(8);
    if (at < 0) return status.OK;
    const { view } = this.#memory;
    const whole = Math.trunc(value);
    // Two's complement of a number that a double holds exactly.
    view.setUint32(at, whole >>> 0, true);
    view.setInt32(at + 4, Math.floor(whole / 0x1_0000_0000), true);
    return status.OK;
  }

  double(value: number): number {
    const at = this.#room(8);
    if (at >= 0) this.#memory.view.setFloat64(at, value, true);
    return status.OK;
  }

  boolean(value: boolean): number {
    const at = this.#room(1);
    if (at >= 0) this.#memory.u8[at] = value ? 1 : 0;
    return status.OK;
  }

  pairs(map: HeaderMap): number {
    const size = map.count === 0 ? 0 : headersSize(map);
    const at = this.#room(size);
    if (at >= 0 && size > 0) encodeHeaders(map, this.#memory.u8, at);
    return status.OK;
  }

  #longText(value: string): number {
    const memo = this.#memo;
    if (memo.text !== value) {
      memo.text = value;
      memo.bytes = Buffer.from(value);
    }
    const { bytes } = memo;
    const at = this.#room(bytes.length);
    if (at >= 0) this.#memory.u8.set(bytes, at);
    return status.OK;
  }

  /** Announces a value of that size; -1 where it does not fit. */
  #room(size: number): number {
    const at = this.#at;
    if (at + size > this.#end) {
      this.overflowed = true;
      return -1;
    }
    this.#memory.setU32(this.#entry, at);
    this.#memory.setU32(this.#entry + 4, size);
    this.#at = at + size;
    return at;
  }

  #overflow(): number {
    this.overflowed = true;
    return status.OK;
  }
}
