import { randomFillSync } from 'node:crypto';
import type { RequestIds } from './service.ts';

const HEX = Buffer.from('0123456789abcdef', 'latin1');
const RANDOM_BYTES = 16 * 256;
const DASH = 0x2d;
const DASHES = [8, 13, 18, 23];

/** Random UUIDs (RFC 9562 version 4) as bytes, from batches of random bytes. */
export function openRequestIds(): RequestIds {
  const random = Buffer.alloc(RANDOM_BYTES);
  const id = Buffer.alloc(36);
  for (const at of DASHES) id[at] = DASH;
  let used = RANDOM_BYTES;
  return {
    next() {
      if (used === RANDOM_BYTES) {
        randomFillSync(random);
        used = 0;
      }
      random[used + 6] = (random[used + 6] & 0x0f) | 0x40;
      random[used + 8] = (random[used + 8] & 0x3f) | 0x80;
      let at = 0;
      for (let i = 0; i < 16; i++) {
        if (i === 4 || i === 6 || i === 8 || i === 10) at++;
        const byte = random[used + i];
        id[at++] = HEX[byte >> 4];
        id[at++] = HEX[byte & 15];
      }
      used += 16;
      return id;
    },
  };
}
