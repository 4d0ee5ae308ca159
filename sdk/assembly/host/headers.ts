import { OK } from '../../abi/status';
import { Bytes } from '../bytes/bytes';
import {
  proxy_add_header_map_value,
  proxy_get_header_map_value,
  proxy_remove_header_map_value,
  proxy_replace_header_map_value,
} from '../env';
import { OUT, OUT_SIZE } from './out';

/**
 * Headers on the byte level: nothing is allocated, nothing is decoded. `map` is one of
 * sdk/abi/maps.ts. Names are lower case. See header-map.ts for strings.
 */

/** Points `out` to the first value; false (and an empty `out`) where the header is absent. */
export function readHeader(map: i32, name: Bytes, out: Bytes): bool {
  store<u64>(OUT, 0);
  const found = proxy_get_header_map_value(map, name.pointer, name.size, OUT, OUT_SIZE) === OK;
  out.point(load<usize>(OUT), load<i32>(OUT_SIZE));
  return found;
}

/** Whether there is a value, without reading it. */
export function hasHeader(map: i32, name: Bytes): bool {
  return proxy_get_header_map_value(map, name.pointer, name.size, OUT, OUT_SIZE) === OK;
}

/** Replaces all values by one. False where the phase has no such map or the value is not valid. */
export function setHeader(map: i32, name: Bytes, value: Bytes): bool {
  return (
    proxy_replace_header_map_value(map, name.pointer, name.size, value.pointer, value.size) === OK
  );
}

/** Adds one more value. */
export function addHeader(map: i32, name: Bytes, value: Bytes): bool {
  return proxy_add_header_map_value(map, name.pointer, name.size, value.pointer, value.size) === OK;
}

/** Removes all values. */
export function removeHeader(map: i32, name: Bytes): bool {
  return proxy_remove_header_map_value(map, name.pointer, name.size) === OK;
}
