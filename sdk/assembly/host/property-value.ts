import { OK } from '../../abi/status';
import { utf8, utf8Size } from '../bytes/text';
import { proxy_get_property } from '../env';
import { OUT, OUT_SIZE } from './out';

/**
 * Properties by path (segments joined by NUL), read without an object: for paths that stand in the
 * code. The typed ones of Envoy are in request-attributes, connection-attributes and so on.
 */

/** The text there, or null. */
export function propertyText(path: string): string | null {
  return read(path) ? String.UTF8.decodeUnsafe(load<usize>(OUT), load<i32>(OUT_SIZE)) : null;
}

/** The integer, time or duration (nanoseconds) there, or the fallback. */
export function propertyInteger(path: string, fallback: i64 = 0): i64 {
  return read(path) && load<i32>(OUT_SIZE) === 8 ? load<i64>(load<usize>(OUT)) : fallback;
}

/** The truth value there, or the fallback. */
export function propertyFlag(path: string, fallback: bool = false): bool {
  return read(path) && load<i32>(OUT_SIZE) === 1 ? load<u8>(load<usize>(OUT)) !== 0 : fallback;
}

function read(path: string): bool {
  const name = utf8(path);
  store<u64>(OUT, 0);
  return proxy_get_property(name, utf8Size, OUT, OUT_SIZE) === OK;
}
