import { hexDigit } from './json-scanner';

const BACKSLASH: u8 = 0x5c;

/** The text between the quotes of a JSON string that a scanner has passed. */
export function decodeText(start: usize, end: usize): string {
  let text = '';
  let run = start;
  let at = start;
  while (at < end) {
    if (load<u8>(at) !== BACKSLASH) {
      at++;
      continue;
    }
    text += String.UTF8.decodeUnsafe(run, at - run);
    const kind = load<u8>(at, 1);
    text += String.fromCharCode(kind === 0x75 ? unicode(at + 2) : shortEscape(kind));
    at += kind === 0x75 ? 6 : 2;
    run = at;
  }
  const last = String.UTF8.decodeUnsafe(run, end - run);
  return run === start ? last : text + last;
}

/** Whether the text between the quotes is `wanted`; nothing is decoded where there is no escape. */
export function isText(start: usize, end: usize, wanted: string): bool {
  const size = <i32>(end - start);
  for (let i = 0; i < size; i++) {
    const byte = load<u8>(start + i);
    if (byte >= 0x80 || byte === BACKSLASH) return decodeText(start, end) === wanted;
    if (i >= wanted.length || wanted.charCodeAt(i) !== byte) return false;
  }
  return size === wanted.length;
}

function unicode(at: usize): i32 {
  let unit = 0;
  for (let i = 0; i < 4; i++) unit = (unit << 4) | hexDigit(load<u8>(at + i));
  return unit;
}

function shortEscape(byte: u8): i32 {
  if (byte === 0x62) return 0x08;
  if (byte === 0x66) return 0x0c;
  if (byte === 0x6e) return 0x0a;
  if (byte === 0x72) return 0x0d;
  return byte === 0x74 ? 0x09 : byte;
}
