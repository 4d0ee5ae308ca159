import { allocate } from '../arena';
import { Bytes } from '../bytes/bytes';
import { utf8, utf8Size } from '../bytes/text';

/**
 * The ABI's encoding of a header map: u32 count, then (u32 name size, u32 value size) for each,
 * then name NUL value NUL for each. Walks it in place.
 */
export class PairReader {
  readonly name: Bytes = new Bytes();
  readonly value: Bytes = new Bytes();
  private sizes: usize = 0;
  private data: usize = 0;
  private end: usize = 0;
  private left: u32 = 0;

  /** Starts at the first pair; an encoding that is cut short reads as its whole pairs. */
  open(pointer: usize, size: i32): void {
    const count = size >= 4 ? load<u32>(pointer) : 0;
    this.left = <u64>count * 8 + 4 > <u64>size ? 0 : count;
    this.sizes = pointer + 4;
    this.end = pointer + size;
    this.data = this.sizes + <usize>this.left * 8;
  }

  next(): bool {
    if (this.left === 0) return false;
    this.left--;
    const nameSize = load<u32>(this.sizes);
    const valueSize = load<u32>(this.sizes, 4);
    const room = this.end - this.data;
    if (<u64>nameSize + valueSize + 2 > <u64>room) return false;
    this.name.point(this.data, nameSize);
    this.value.point(this.data + nameSize + 1, valueSize);
    this.data += nameSize + valueSize + 2;
    this.sizes += 8;
    return true;
  }
}

/** Size of what `encodePairs` wrote last. */
export let pairsSize = 0;

/** Names and values, by turns, in the ABI's encoding; in the callback's memory. */
export function encodePairs(pairs: Array<string>): usize {
  const count = pairs.length / 2;
  if (count === 0) {
    pairsSize = 0;
    return 0;
  }
  let bytes = 4 + count * 8;
  for (let i = 0; i < count * 2; i++) bytes += String.UTF8.byteLength(pairs[i]) + 1;
  const target = allocate(bytes);
  store<u32>(target, count);
  let data = target + 4 + count * 8;
  for (let i = 0; i < count * 2; i++) {
    const text = utf8(pairs[i]);
    store<u32>(target + 4 + i * 4, utf8Size);
    memory.copy(data, text, utf8Size);
    data += utf8Size;
    store<u8>(data++, 0);
  }
  pairsSize = bytes;
  return target;
}
