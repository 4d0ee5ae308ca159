import { allocate } from '../arena';
import { Bytes } from '../bytes/bytes';
import { HeaderValues } from './header-values';
import { readHeader } from './headers';

const COLON: u8 = 0x3a;
const COMMA: u8 = 0x2c;
const walk = new HeaderValues();

/**
 * Points `out` to all values of a header joined by commas, which is what Envoy's header matchers
 * look at; false where it is absent.
 */
export function readJoinedHeader(map: i32, name: Bytes, out: Bytes): bool {
  if (!readHeader(map, name, out)) return false;
  if (name.byte(0) === COLON) return true;
  walk.open(map, name);
  let count = 0;
  let size = 0;
  while (walk.next()) {
    count++;
    size += walk.value.size + 1;
  }
  if (count < 2) return true;
  const joined = allocate(size);
  let end = joined;
  walk.rewind();
  while (walk.next()) {
    if (end !== joined) store<u8>(end++, COMMA);
    memory.copy(end, walk.value.pointer, walk.value.size);
    end += walk.value.size;
  }
  out.point(joined, <i32>(end - joined));
  return true;
}
