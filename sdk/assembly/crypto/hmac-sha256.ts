import { allocate } from '../arena';
import { Bytes } from '../bytes/bytes';
import { SHA256_SIZE, sha256 } from './sha256';

const BLOCK_SIZE = 64;

/** Points `out` to the 32 bytes of HMAC-SHA256 (RFC 2104), in the callback's memory. */
export function hmacSha256(key: Bytes, message: Bytes, out: Bytes): Bytes {
  const short = new Bytes().take(key);
  if (key.size > BLOCK_SIZE) sha256(key, short);
  const inner = Bytes.at(padded(short, 0x36, message.size), BLOCK_SIZE + message.size);
  memory.copy(inner.pointer + BLOCK_SIZE, message.pointer, message.size);
  sha256(inner, inner);
  const outer = Bytes.at(padded(short, 0x5c, SHA256_SIZE), BLOCK_SIZE + SHA256_SIZE);
  memory.copy(outer.pointer + BLOCK_SIZE, inner.pointer, SHA256_SIZE);
  return sha256(outer, out);
}

/** A block of the key over `pad`, with room for `more` behind it. */
function padded(key: Bytes, pad: u8, more: i32): usize {
  const block = allocate(BLOCK_SIZE + more);
  memory.fill(block, pad, BLOCK_SIZE);
  for (let i = 0; i < key.size; i++) store<u8>(block + i, key.byte(i) ^ pad);
  return block;
}
