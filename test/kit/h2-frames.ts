/** HTTP/2 frames by hand (RFC 9113 4.1), for servers and clients that break the rules. */

export const H2_PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const END_STREAM = 1;
export const ACK = 1;
export const END_HEADERS = 4;

export function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Pairs of identifier and value. */
export function settingsFrame(pairs: readonly (readonly [number, number])[] = []): Buffer {
  const payload = Buffer.alloc(6 * pairs.length);
  for (const [index, [id, value]] of pairs.entries()) {
    payload.writeUInt16BE(id, 6 * index);
    payload.writeUInt32BE(value, 6 * index + 2);
  }
  return frame(FRAME.settings, 0, 0, payload);
}

/** A whole head in one frame. */
export function headersFrame(
  stream: number,
  fields: readonly (readonly [string, string])[],
  flags = END_HEADERS,
): Buffer {
  return frame(FRAME.headers, flags, stream, headerBlock(fields));
}

export function dataFrame(stream: number, text: string, flags = 0): Buffer {
  return frame(FRAME.data, flags, stream, Buffer.from(text, 'latin1'));
}

export function rstFrame(stream: number, code: number): Buffer {
  return frame(FRAME.rstStream, 0, stream, u32(code));
}

export function goawayFrame(lastStream: number, code: number): Buffer {
  return frame(FRAME.goaway, 0, 0, Buffer.concat([u32(lastStream), u32(code)]));
}

export function windowUpdateFrame(stream: number, increment: number): Buffer {
  return frame(FRAME.windowUpdate, 0, stream, u32(increment));
}

/** HPACK (RFC 7541): each field literal, never indexed, without Huffman coding. */
export function headerBlock(fields: readonly (readonly [string, string])[]): Buffer {
  return Buffer.concat(
    fields.flatMap(([name, value]) => [Buffer.of(0x10), hpackText(name), hpackText(value)]),
  );
}

function hpackText(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  if (bytes.length < 127) return Buffer.concat([Buffer.of(bytes.length), bytes]);
  const length = [127];
  let rest = bytes.length - 127;
  for (; rest >= 128; rest >>>= 7) length.push((rest & 127) | 128);
  return Buffer.concat([Buffer.from([...length, rest]), bytes]);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}
