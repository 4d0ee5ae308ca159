const NAME = 'lateen.config_schema';
const CUSTOM_SECTION = 0;
const HEADER_BYTES = 8;
/** A schema that is larger is not looked at. */
const SCHEMA_BYTES_MAX = 64 * 1024;

/** The module with its schema in a custom section behind the others, which no host minds. */
export function addSchemaSection(module: Uint8Array, schema: string): Uint8Array<ArrayBuffer> {
  const [name, text] = [Buffer.from(NAME), Buffer.from(schema)];
  if (text.length > SCHEMA_BYTES_MAX) {
    throw new RangeError(`a schema of ${text.length} bytes; at most ${SCHEMA_BYTES_MAX}`);
  }
  const body = Buffer.concat([leb128(name.length), name, text]);
  return Uint8Array.from(
    Buffer.concat([module, Buffer.of(CUSTOM_SECTION), leb128(body.length), body]),
  );
}

/** The schema that a module carries; undefined where there is none, or the bytes are no module. */
export function readSchemaSection(module: Uint8Array): string | undefined {
  const magic = Buffer.from(module.buffer, module.byteOffset, module.byteLength);
  if (magic.length < HEADER_BYTES || magic.readUInt32LE(0) !== 0x6d736100) return undefined;
  let at = HEADER_BYTES;
  while (at < magic.length) {
    const id = magic[at++];
    const size = readLeb128(magic, at);
    if (size === undefined || size.next + size.value > magic.length) return undefined;
    at = size.next + size.value;
    if (id !== CUSTOM_SECTION) continue;
    const text = textOf(magic.subarray(size.next, at));
    if (text !== undefined) return text;
  }
  return undefined;
}

function textOf(section: Buffer): string | undefined {
  const length = readLeb128(section, 0);
  if (length === undefined) return undefined;
  const end = length.next + length.value;
  if (section.toString('utf8', length.next, end) !== NAME) return undefined;
  return section.length - end > SCHEMA_BYTES_MAX ? undefined : section.toString('utf8', end);
}

function leb128(value: number): Buffer {
  const bytes: number[] = [];
  let left = value;
  do {
    const more = left > 0x7f ? 0x80 : 0;
    bytes.push((left & 0x7f) | more);
    left >>>= 7;
  } while (left > 0);
  return Buffer.from(bytes);
}

function readLeb128(
  bytes: Buffer,
  start: number,
): { readonly value: number; readonly next: number } | undefined {
  let value = 0;
  for (let i = 0; i < 5; i++) {
    const byte = bytes[start + i];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return { value, next: start + i + 1 };
  }
  return undefined;
}
