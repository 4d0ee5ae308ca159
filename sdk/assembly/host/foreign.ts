import { FN_FEATURES } from '../../abi/extensions';
import { OK } from '../../abi/status';
import { Bytes } from '../bytes/bytes';
import { proxy_call_foreign_function } from '../env';
import { OUT, OUT_SIZE } from './out';

/**
 * Calls a function that the host offers by name (Lateen's are in sdk/abi/extensions.ts) and points
 * `out` to what it returns. A status: NOT_FOUND where the host has no such function.
 */
export function callForeign(name: Bytes, data: usize, size: i32, out: Bytes): i32 {
  store<u64>(OUT, 0);
  const result = proxy_call_foreign_function(name.pointer, name.size, data, size, OUT, OUT_SIZE);
  out.point(load<usize>(OUT), load<i32>(OUT_SIZE));
  return result;
}

/** The comfortable form: null where the host has no such function or it failed. */
export function callForeignFunction(
  name: string,
  argument: ArrayBuffer | null,
): ArrayBuffer | null {
  const result = new Bytes();
  const data: usize = argument === null ? 0 : changetype<usize>(argument);
  const size = argument === null ? 0 : argument.byteLength;
  return callForeign(Bytes.of(name), data, size, result) === OK ? result.toBuffer() : null;
}

/** Whether the host is Lateen and has the export or function of this name. */
export function hasFeature(name: string): bool {
  const result = new Bytes();
  if (callForeign(Bytes.of(FN_FEATURES), 0, 0, result) !== OK) return false;
  const text = result.toString();
  return text.startsWith(name + '=') || text.includes('\n' + name + '=');
}
