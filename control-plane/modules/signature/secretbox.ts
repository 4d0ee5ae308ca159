import { timingSafeEqual } from 'node:crypto';

/**
 * NaCl's secretbox (XSalsa20 and Poly1305), in which cosign keeps its private keys and which
 * node:crypto lacks. For a key file of some hundred bytes that its owner opens: neither fast nor
 * constant in time.
 */
export function openSecretbox(
  box: Uint8Array,
  nonce: Uint8Array,
  key: Uint8Array,
): Uint8Array | undefined {
  if (box.length < TAG_BYTES || nonce.length !== 24 || key.length !== 32) return undefined;
  const sealed = box.subarray(TAG_BYTES);
  const stream = keyStream(nonce, key, 32 + sealed.length);
  const tag = poly1305(sealed, stream.subarray(0, 32));
  if (!timingSafeEqual(tag, box.subarray(0, TAG_BYTES))) return undefined;
  return xor(sealed, stream.subarray(32));
}

/** The inverse; `nonce` must never come again with the same key. */
export function sealSecretbox(text: Uint8Array, nonce: Uint8Array, key: Uint8Array): Uint8Array {
  const stream = keyStream(nonce, key, 32 + text.length);
  const sealed = xor(text, stream.subarray(32));
  return Buffer.concat([poly1305(sealed, stream.subarray(0, 32)), sealed]);
}

const TAG_BYTES = 16;
const SIGMA = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574] as const;

function xor(bytes: Uint8Array, stream: Uint8Array): Uint8Array {
  return bytes.map((byte, index) => byte ^ (stream[index] ?? 0));
}

/** XSalsa20: the first 16 bytes of the nonce make a key of their own, the other 8 number the text. */
function keyStream(nonce: Uint8Array, key: Uint8Array, length: number): Uint8Array {
  const inner = words(key);
  const mixed = rounds(block(inner, words(nonce.subarray(0, 16))));
  const derived = [0, 5, 10, 15, 6, 7, 8, 9].map((index) => mixed[index] ?? 0);
  const [low = 0, high = 0] = words(nonce.subarray(16));
  const out = Buffer.alloc(Math.ceil(length / 64) * 64);
  for (let count = 0; count * 64 < length; count += 1) {
    const start = block(derived, [low, high, count, 0]);
    const end = rounds(start);
    for (let i = 0; i < 16; i += 1) {
      out.writeUInt32LE(((start[i] ?? 0) + (end[i] ?? 0)) >>> 0, count * 64 + i * 4);
    }
  }
  return out.subarray(0, length);
}

function words(bytes: Uint8Array): number[] {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / 4 }, (_, index) => view.readUInt32LE(index * 4));
}

/** Salsa20's matrix: constants on the diagonal, key around them, input in the middle. */
function block(key: readonly number[], input: readonly number[]): Uint32Array {
  const [a, b, c, d] = SIGMA;
  return Uint32Array.from([
    ...[a, ...key.slice(0, 4), b],
    ...[...input, c],
    ...[...key.slice(4, 8), d],
  ]);
}

const QUARTERS = [
  [0, 4, 8, 12],
  [5, 9, 13, 1],
  [10, 14, 2, 6],
  [15, 3, 7, 11],
  [0, 1, 2, 3],
  [5, 6, 7, 4],
  [10, 11, 8, 9],
  [15, 12, 13, 14],
] as const;

/** Twenty rounds of Salsa20, without the final addition. */
function rounds(start: Uint32Array): Uint32Array {
  const x = Uint32Array.from(start);
  const mix = (to: number, one: number, two: number, by: number): void => {
    const sum = ((x[one] ?? 0) + (x[two] ?? 0)) >>> 0;
    x[to] = (x[to] ?? 0) ^ ((sum << by) | (sum >>> (32 - by)));
  };
  for (let round = 0; round < 10; round += 1) {
    for (const [a, b, c, d] of QUARTERS) {
      mix(b, a, d, 7);
      mix(c, b, a, 9);
      mix(d, c, b, 13);
      mix(a, d, c, 18);
    }
  }
  return x;
}

/** RFC 8439 2.5, in big integers. */
function poly1305(text: Uint8Array, key: Uint8Array): Uint8Array {
  const prime = (1n << 130n) - 5n;
  const r = littleEndian(key.subarray(0, 16)) & 0x0ffffffc0ffffffc0ffffffc0fffffffn;
  let sum = 0n;
  for (let at = 0; at < text.length; at += 16) {
    const part = text.subarray(at, at + 16);
    sum = ((sum + littleEndian(part) + (1n << BigInt(part.length * 8))) * r) % prime;
  }
  const tag = (sum + littleEndian(key.subarray(16, 32))) & ((1n << 128n) - 1n);
  return Buffer.from(tag.toString(16).padStart(32, '0'), 'hex').reverse();
}

function littleEndian(bytes: Uint8Array): bigint {
  const hex = Buffer.from(bytes).reverse().toString('hex');
  return hex === '' ? 0n : BigInt(`0x${hex}`);
}
