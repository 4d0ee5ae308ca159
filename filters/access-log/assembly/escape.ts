const QUOTE: u8 = 0x22;
const BACKSLASH: u8 = 0x5c;
const DELETE: u8 = 0x7f;

/** The same byte eight times: comparing a word compares all of its bytes at once. */
const ONES: u64 = ((<u64>0x01010101) << 32) | 0x01010101;
const HIGHS: u64 = ONES << 7;
const SPACES: u64 = ONES * 0x20;
const QUOTES: u64 = ONES * 0x22;
const BACKSLASHES: u64 = ONES * 0x5c;
const DELETES: u64 = ONES * 0x7f;

/** Whether one of eight bytes is a control byte, a quote or a backslash. */
export function hasTextSpecial(word: u64): bool {
  const found = below(word) | zero(word ^ QUOTES) | zero(word ^ BACKSLASHES) | zero(word ^ DELETES);
  return (found & HIGHS) !== 0;
}

/** Whether one of eight bytes cannot stand in a JSON string, or is not ASCII. */
export function hasJsonSpecial(word: u64): bool {
  return ((word | below(word) | zero(word ^ QUOTES) | zero(word ^ BACKSLASHES)) & HIGHS) !== 0;
}

/** The high bit of each byte below 0x20 (and of some bytes behind such a one). */
function below(word: u64): u64 {
  return (word - SPACES) & ~word;
}

/** The high bit of each byte that is 0 (and of some bytes behind such a one). */
function zero(word: u64): u64 {
  return (word - ONES) & ~word;
}

/** Writes one byte of a value into a line of text; returns where the next one goes. */
export function writeTextByte(at: usize, byte: u8): usize {
  if (byte >= 0x20 && byte !== QUOTE && byte !== BACKSLASH && byte !== DELETE) {
    store<u8>(at, byte);
    return at + 1;
  }
  store<u16>(at, 0x785c);
  store<u8>(at, hexDigit(byte >> 4), 2);
  store<u8>(at, hexDigit(byte & 15), 3);
  return at + 4;
}

/** Writes one character into a JSON string; bytes read << 8 | bytes written. */
export function writeJsonCharacter(at: usize, from: usize, end: usize): i32 {
  const byte = load<u8>(from);
  if (byte >= 0x80) {
    const size = sequenceSize(from, end);
    if (size === 0) return (1 << 8) | writeUnicode(at, byte);
    for (let i = 0; i < size; i++) store<u8>(at + i, load<u8>(from + i));
    return (size << 8) | size;
  }
  if (byte < 0x20) return (1 << 8) | writeUnicode(at, byte);
  if (byte === QUOTE || byte === BACKSLASH) {
    store<u8>(at, BACKSLASH);
    store<u8>(at, byte, 1);
    return (1 << 8) | 2;
  }
  store<u8>(at, byte);
  return (1 << 8) | 1;
}

/** `\u00NN`; returns its size. */
function writeUnicode(at: usize, byte: u8): i32 {
  store<u32>(at, 0x3030755c);
  store<u8>(at, hexDigit(byte >> 4), 4);
  store<u8>(at, hexDigit(byte & 15), 5);
  return 6;
}

/** Size of the UTF-8 sequence of two to four bytes that starts here; 0 where it is not valid. */
function sequenceSize(from: usize, end: usize): i32 {
  const first = load<u8>(from);
  const size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || end - from < <usize>size) return 0;
  for (let i = 1; i < size; i++) {
    if ((load<u8>(from + i) & 0xc0) !== 0x80) return 0;
  }
  const second = load<u8>(from, 1);
  if (first === 0xe0 && second < 0xa0) return 0;
  if (first === 0xed && second > 0x9f) return 0;
  if (first === 0xf0 && second < 0x90) return 0;
  if (first === 0xf4 && second > 0x8f) return 0;
  return size;
}

function hexDigit(value: u8): u8 {
  return value < 10 ? 0x30 + value : 0x37 + value;
}
