import { fail, ok, type Result } from '@lateen/sdk/base/result';

const BLOCK = 512;
const ENTRIES_MAX = 10_000;
/** Of a long name or a set of pax records. */
const EXTRA_BYTES_MAX = 64 * 1024;

interface Entry {
  readonly name: string;
  readonly type: string;
  readonly content: Uint8Array;
}

/** Why an archive is not read: a sentence without subject. */
export type TarFault = string;

/**
 * The content of the first regular file with this base name; undefined where there is none. Reads
 * ustar, GNU's long names and pax records; nothing is written anywhere.
 */
export function findInTar(
  archive: Uint8Array,
  baseName: string,
): Result<Uint8Array | undefined, TarFault> {
  for (const entry of entriesOf(archive)) {
    if (!entry.ok) return entry;
    const { name, type, content } = entry.value;
    const parts = name.split('/').filter((part) => part !== '' && part !== '.');
    if (parts.at(-1) !== baseName || type === '5') continue;
    if (parts.includes('..')) return fail(`has ${baseName} outside of its root`);
    if (type !== '0') return fail(`has a ${baseName} that is a link or a device, not a file`);
    return ok(content);
  }
  return ok(undefined);
}

function* entriesOf(archive: Uint8Array): Generator<Result<Entry, TarFault>> {
  const bytes = Buffer.from(archive.buffer, archive.byteOffset, archive.length);
  let longName: string | undefined;
  let at = 0;
  for (let count = 0; at < bytes.length; count += 1) {
    if (count >= ENTRIES_MAX) return yield fail(`has more than ${ENTRIES_MAX} entries`);
    if (at + BLOCK > bytes.length) return yield fail('ends within a header');
    const header = bytes.subarray(at, at + BLOCK);
    // Two empty blocks end an archive; one is enough here.
    if (header.every((byte) => byte === 0)) return;
    const size = numberOf(header.subarray(124, 136));
    if (numberOf(header.subarray(148, 156)) !== checksum(header) || size === undefined) {
      return yield fail('has a header that is damaged');
    }
    const type = String.fromCharCode(header[156] ?? 0);
    const end = at + BLOCK + size;
    if (end > bytes.length) return yield fail('ends within a file');
    const content = bytes.subarray(at + BLOCK, end);
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
    if (type === 'L' || type === 'x' || type === 'g') {
      if (size > EXTRA_BYTES_MAX) return yield fail('has a name that is too long');
      if (type === 'L') longName = textOf(content);
      const pax = type === 'x' ? paxOf(content) : undefined;
      // A size that the header does not tell is for files of more than 8 GiB.
      if (pax === 'broken' || pax?.has('size'))
        return yield fail('has pax records that are broken');
      longName = pax?.get('path') ?? longName;
      continue;
    }
    yield ok({ name: longName ?? nameOf(header), type: typeOf(type), content });
    longName = undefined;
  }
}

/** `\0` and `7` are regular files too. */
function typeOf(type: string): string {
  return type === '\0' || type === '7' ? '0' : type;
}

/** The name, after a prefix where the header is of ustar. */
function nameOf(header: Buffer): string {
  const ustar = header.toString('latin1', 257, 262) === 'ustar' && header[262] === 0;
  const prefix = ustar ? textOf(header.subarray(345, 500)) : '';
  const name = textOf(header.subarray(0, 100));
  return prefix === '' ? name : `${prefix}/${name}`;
}

function textOf(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}

/** Octal digits between blanks; base 256 is for sizes that nothing here may have. */
function numberOf(field: Buffer): number | undefined {
  const text = field.toString('latin1').replace(/^ +|[\0 ]+$/g, '');
  return /^[0-7]{1,11}$/.test(text) ? Number.parseInt(text, 8) : undefined;
}

function checksum(header: Buffer): number {
  let sum = 8 * 0x20;
  for (const [index, byte] of header.entries()) if (index < 148 || index >= 156) sum += byte;
  return sum;
}

/** `LENGTH KEY=VALUE\n`, where the length counts the whole record. */
function paxOf(content: Buffer): ReadonlyMap<string, string> | 'broken' {
  const records = new Map<string, string>();
  let at = 0;
  while (at < content.length) {
    const space = content.indexOf(0x20, at);
    const digits = content.toString('latin1', at, space < 0 ? at : Math.min(space, at + 8));
    const end = at + Number(digits);
    if (!/^[1-9]\d*$/.test(digits) || end > content.length || end <= space) return 'broken';
    const record = content.toString('utf8', space + 1, end - 1);
    const equals = record.indexOf('=');
    if (content[end - 1] !== 0x0a || equals < 1) return 'broken';
    records.set(record.slice(0, equals), record.slice(equals + 1));
    at = end;
  }
  return records;
}

/** An archive of one file, the same bytes for the same content: no time, no owner. */
export function tarOf(name: string, content: Uint8Array): Buffer {
  const header = Buffer.alloc(BLOCK);
  header.write(name, 0, 100, 'utf8');
  header.write('0000644\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write('0', 156);
  header.write('ustar\x0000', 257, 'latin1');
  header.write(`${checksum(header).toString(8).padStart(6, '0')}\0 `, 148);
  const padding = Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK);
  return Buffer.concat([header, content, padding, Buffer.alloc(2 * BLOCK)]);
}
