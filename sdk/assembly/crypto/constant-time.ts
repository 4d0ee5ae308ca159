import { Bytes } from '../bytes/bytes';

/**
 * Whether two secrets are the same, in a time that depends on the sizes alone: how much of a guess
 * was right cannot be measured. For passwords, keys, signatures and tokens.
 */
export function sameSecret(a: Bytes, b: Bytes): bool {
  if (a.size !== b.size) return false;
  let difference: u8 = 0;
  for (let i = 0; i < a.size; i++) difference |= a.byte(i) ^ b.byte(i);
  return difference === 0;
}
