/** FNV-1a, byte by byte: the hash of a text holds, on the way, that of each of its beginnings. */
export const HASH_SEED: u32 = 2166136261;
const HASH_PRIME: u32 = 16777619;

/** The hash with one more byte. */
export function hashByte(hash: u32, byte: u8): u32 {
  return (hash ^ byte) * HASH_PRIME;
}

/** The hash of all bytes. */
export function hashBytes(pointer: usize, size: i32): u32 {
  let hash = HASH_SEED;
  for (let at = 0; at < size; at++) hash = hashByte(hash, load<u8>(pointer + at));
  return hash;
}
