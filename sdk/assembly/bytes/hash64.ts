import { Bytes } from './bytes';

const SEED: u64 = 0xcbf29ce484222325;
const PRIME: u64 = 0x100000001b3;

/**
 * FNV-1a in 64 bits: a number for a key, the same on every host and in every version. Not for
 * secrets: who chooses the bytes can choose the hash (crypto/hmac-sha256 is for those).
 */
export function hash64(bytes: Bytes): u64 {
  let hash = SEED;
  for (let i = 0; i < bytes.size; i++) hash = (hash ^ bytes.byte(i)) * PRIME;
  return hash;
}
