import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';

const COLON: u8 = 0x3a;
const DOT: u8 = 0x2e;
const PERCENT: u8 = 0x25;
const OPEN: u8 = 0x5b;
const CLOSE: u8 = 0x5d;
const GROUPS = 8;
const MAPPED: u64 = 0xffff;

/** What `parseIp` has read: 128 bits, of which an IPv4 address is the last 32 under ::ffff:0:0/96. */
export let parsedHigh: u64 = 0;
export let parsedLow: u64 = 0;
export let parsedIsV4 = false;

const groups = new StaticArray<u16>(GROUPS);
const part = new Bytes();

/** `address:port`, `[address]:port` or the address alone. */
export function parseAddress(text: Bytes): bool {
  if (text.size > 0 && text.byte(0) === OPEN) {
    const close = text.indexOf(CLOSE);
    return close > 0 && parseIp(part.point(text.pointer + 1, close - 1));
  }
  const colon = text.indexOf(COLON);
  if (colon < 0 || text.indexOf(COLON, colon + 1) >= 0) return parseIp(part.take(text));
  return parseIp(part.point(text.pointer, colon));
}

/** An IPv4 or IPv6 address. IPv4-mapped ones are IPv4: that is how dual-stack sockets show them. */
export function parseIp(text: Bytes): bool {
  const zone = text.indexOf(PERCENT);
  const size = zone < 0 ? text.size : zone;
  const v4 = text.indexOf(COLON) < 0;
  if (v4 ? !parseV4Alone(text.pointer, size) : !parseV6(text.pointer, size)) return false;
  parsedIsV4 = parsedHigh === 0 && parsedLow >> 32 === MAPPED;
  return true;
}

function parseV4Alone(from: usize, size: i32): bool {
  const value = parseV4(from, size);
  if (value < 0) return false;
  parsedHigh = 0;
  parsedLow = (MAPPED << 32) | <u64>value;
  return true;
}

/** Four decimal numbers; -1 for all else, also for leading zeros (some read them as octal). */
function parseV4(from: usize, size: i32): i64 {
  let value: i64 = 0;
  let number = -1;
  let digits = 0;
  let dots = 0;
  for (let at = 0; at < size; at++) {
    const byte = load<u8>(from + at);
    if (byte === DOT && number >= 0 && dots < 3) {
      value = (value << 8) | number;
      number = -1;
      digits = 0;
      dots++;
    } else if (byte >= 0x30 && byte <= 0x39 && number !== 0 && digits < 3) {
      number = (number < 0 ? 0 : number * 10) + byte - 0x30;
      digits++;
      if (number > 255) return -1;
    } else {
      return -1;
    }
  }
  return dots === 3 && number >= 0 ? (value << 8) | number : -1;
}

function parseV6(from: usize, size: i32): bool {
  let count = 0;
  let gap = -1;
  let at = 0;
  if (size >= 2 && load<u16>(from) === 0x3a3a) {
    gap = 0;
    at = 2;
  }
  while (at < size) {
    const end = groupEnd(from, at, size);
    const taken = end === size ? lastGroup(from + at, end - at, count) : 0;
    if (taken === 0 && !hexGroup(from + at, end - at, count)) return false;
    count += taken === 0 ? 1 : taken;
    if (end === size) break;
    at = end + 1;
    if (at === size) return false;
    if (load<u8>(from + at) !== COLON) continue;
    if (gap >= 0) return false;
    gap = count;
    at++;
  }
  if (gap < 0 ? count !== GROUPS : count >= GROUPS) return false;
  spread(count, gap < 0 ? count : gap);
  return true;
}

function groupEnd(from: usize, start: i32, size: i32): i32 {
  let at = start;
  while (at < size && load<u8>(from + at) !== COLON) at++;
  return at;
}

/** An IPv4 address at the end fills two groups; 0 where it is none. */
function lastGroup(from: usize, size: i32, count: i32): i32 {
  const value = count <= GROUPS - 2 ? parseV4(from, size) : -1;
  if (value < 0) return 0;
  groups[count] = <u16>(value >> 16);
  groups[count + 1] = <u16>value;
  return 2;
}

function hexGroup(from: usize, size: i32, count: i32): bool {
  if (size < 1 || size > 4 || count >= GROUPS) return false;
  let value: u32 = 0;
  for (let at = 0; at < size; at++) {
    const byte = load<u8>(from + at);
    const lower = byte | 0x20;
    if (byte >= 0x30 && byte <= 0x39) value = (value << 4) | (byte - 0x30);
    else if (lower >= 0x61 && lower <= 0x66) value = (value << 4) | (lower - 0x57);
    else return false;
  }
  groups[count] = <u16>value;
  return true;
}

/** The groups as 128 bits, zeros in the gap. */
function spread(count: i32, gap: i32): void {
  parsedHigh = 0;
  parsedLow = 0;
  for (let i = 0; i < count; i++) {
    const place = i < gap ? i : i + GROUPS - count;
    const group = <u64>unchecked(groups[i]);
    if (place < 4) parsedHigh |= group << ((3 - place) << 4);
    else parsedLow |= group << ((7 - place) << 4);
  }
}
