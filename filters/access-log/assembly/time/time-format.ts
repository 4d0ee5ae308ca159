import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { Calendar, nameOfDay, nameOfMonth } from './calendar';

const NANOS: i64 = 1000000000;
/** Times were doubles: until the year 2116 they are right to half a microsecond. */
const NOISE: i64 = 500;
const DIGITS_MAX = 9;
/** The longest name, and room to spare. */
const PART_BYTES_MAX = 16;
const FORMAT_LENGTH_MAX = 256;

const calendar = new Calendar();

/** What `%` specifiers stand for; a fraction's digits are written anew each time. */
const LITERAL = 0;
const FRACTION = 256;

class Part {
  /** LITERAL, FRACTION, or the specifier's letter. */
  readonly kind: i32;
  readonly literal: Bytes;
  readonly digits: i32;
  /** Where a fraction stands in the text. */
  place: i32 = 0;

  constructor(kind: i32, literal: string, digits: i32) {
    this.kind = kind;
    this.literal = Bytes.of(literal);
    this.digits = digits;
  }
}

/**
 * A format of `strftime`, with Envoy's additions: `%f` and `%1f` to `%9f` are digits of the second's
 * fraction, `%E3S` and `%E*S` seconds with a fraction. UTC. The text is made once a second; within
 * one, only fractions are written.
 */
export class TimeFormat {
  private readonly parts: Array<Part>;
  private readonly text: Bytes;
  private size: i32 = 0;
  private second: i64 = -1;

  private constructor(parts: Array<Part>, capacity: i32) {
    this.parts = parts;
    this.text = Bytes.owning(new ArrayBuffer(capacity));
  }

  /** Null where a specifier is not supported, or the format too long. */
  static compile(format: string): TimeFormat | null {
    if (format.length > FORMAT_LENGTH_MAX) return null;
    const parts: Part[] = [];
    let at = 0;
    while (at < format.length) {
      const start = format.indexOf('%', at);
      const end = start < 0 ? format.length : start;
      if (end > at) parts.push(new Part(LITERAL, format.substring(at, end), 0));
      if (start < 0) break;
      at = readSpecifier(format, start + 1, parts);
      if (at < 0) return null;
    }
    return new TimeFormat(parts, format.length * 4 + parts.length * PART_BYTES_MAX);
  }

  /** Points `out` to the text of a time in nanoseconds since 1970; valid until the next call. */
  format(time: i64, out: Bytes): void {
    const nanos = time + NOISE;
    const second = nanos / NANOS;
    if (second !== this.second) this.render(second);
    const fraction = ((nanos - second * NANOS) / 1000) * 1000;
    for (let i = 0; i < this.parts.length; i++) {
      const part = unchecked(this.parts[i]);
      if (part.kind === FRACTION)
        writeFraction(this.text.pointer + part.place, fraction, part.digits);
    }
    out.point(this.text.pointer, this.size);
  }

  private render(second: i64): void {
    this.second = second;
    calendar.set(second);
    let at = this.text.pointer;
    for (let i = 0; i < this.parts.length; i++) {
      const part = unchecked(this.parts[i]);
      part.place = <i32>(at - this.text.pointer);
      if (part.kind === FRACTION) at += part.digits;
      else if (part.kind === LITERAL) at = writeText(at, part.literal);
      else at = writePart(at, part.kind, second);
    }
    this.size = <i32>(at - this.text.pointer);
  }
}

/** Adds what the specifier behind a percent sign means; where it ends, or -1. */
function readSpecifier(format: string, start: i32, parts: Array<Part>): i32 {
  if (start >= format.length) return -1;
  const letter = format.charAt(start);
  if (letter === 'E') return readExtended(format, start, parts);
  const digit = format.charCodeAt(start) - 0x30;
  if (digit >= 1 && digit <= DIGITS_MAX) {
    if (format.charAt(start + 1) !== 'f') return -1;
    parts.push(new Part(FRACTION, '', digit));
    return start + 2;
  }
  if (letter === 'f') parts.push(new Part(FRACTION, '', DIGITS_MAX));
  else if (letter === 'n') parts.push(new Part(LITERAL, '\n', 0));
  else if (letter === 't') parts.push(new Part(LITERAL, '\t', 0));
  else if (letter === '%') parts.push(new Part(LITERAL, '%', 0));
  else if (letter === 'Z') parts.push(new Part(LITERAL, 'UTC', 0));
  else if (letter === 'z') parts.push(new Part(LITERAL, '+0000', 0));
  else if (letter === 'F') addAll('Y-m-d', parts);
  else if (letter === 'T') addAll('H:M:S', parts);
  else if (letter === 'R') addAll('H:M', parts);
  else if (letter === 'D') addAll('m/d/y', parts);
  else if (letter === 'c') addAll('a b e H:M:S Y', parts);
  else if (!SIMPLE.includes(letter)) return -1;
  else parts.push(new Part(format.charCodeAt(start), '', 0));
  return start + 1;
}

const SIMPLE = 'YymdeHIMSpjsaAbBhuw';

/** `E3S`, `E*S`, `Ez`: seconds with a fraction, and the zone with a colon. */
function readExtended(format: string, start: i32, parts: Array<Part>): i32 {
  const next = format.charAt(start + 1);
  if (next === 'z') {
    parts.push(new Part(LITERAL, '+00:00', 0));
    return start + 2;
  }
  if (format.charAt(start + 2) !== 'S') return -1;
  const digits = next === '*' ? DIGITS_MAX : next.charCodeAt(0) - 0x30;
  if (digits < 1 || digits > DIGITS_MAX) return -1;
  parts.push(new Part(0x53, '', 0));
  parts.push(new Part(LITERAL, '.', 0));
  parts.push(new Part(FRACTION, '', digits));
  return start + 3;
}

/** A specifier for each letter, anything else as it stands. */
function addAll(letters: string, parts: Array<Part>): void {
  for (let i = 0; i < letters.length; i++) {
    const isLetter = SIMPLE.includes(letters.charAt(i));
    parts.push(new Part(isLetter ? letters.charCodeAt(i) : LITERAL, letters.charAt(i), 0));
  }
}

function writePart(at: usize, letter: i32, second: i64): usize {
  switch (letter) {
    case 0x59: // Y
      return writeNumber(at, calendar.year, 4, 0x30);
    case 0x79: // y
      return writeNumber(at, calendar.year % 100, 2, 0x30);
    case 0x6d: // m
      return writeNumber(at, calendar.month, 2, 0x30);
    case 0x64: // d
      return writeNumber(at, calendar.day, 2, 0x30);
    case 0x65: // e
      return writeNumber(at, calendar.day, 2, 0x20);
    case 0x48: // H
      return writeNumber(at, calendar.hour, 2, 0x30);
    case 0x49: // I
      return writeNumber(at, calendar.hour % 12 === 0 ? 12 : calendar.hour % 12, 2, 0x30);
    case 0x4d: // M
      return writeNumber(at, calendar.minute, 2, 0x30);
    case 0x53: // S
      return writeNumber(at, calendar.second, 2, 0x30);
    case 0x6a: // j
      return writeNumber(at, calendar.dayOfYear, 3, 0x30);
    case 0x75: // u
      return writeNumber(at, calendar.weekday === 0 ? 7 : calendar.weekday, 1, 0x30);
    case 0x77: // w
      return writeNumber(at, calendar.weekday, 1, 0x30);
    case 0x73: // s
      return writeText(at, Bytes.of(second.toString()));
    case 0x70: // p
      return writeText(at, Bytes.of(calendar.hour < 12 ? 'AM' : 'PM'));
    case 0x61: // a
      return writeText(at, Bytes.of(nameOfDay(calendar.weekday).substring(0, 3)));
    case 0x41: // A
      return writeText(at, Bytes.of(nameOfDay(calendar.weekday)));
    case 0x42: // B
      return writeText(at, Bytes.of(nameOfMonth(calendar.month)));
    default: // b, h
      return writeText(at, Bytes.of(nameOfMonth(calendar.month).substring(0, 3)));
  }
}

function writeText(at: usize, text: Bytes): usize {
  memory.copy(at, text.pointer, text.size);
  return at + text.size;
}

function writeNumber(at: usize, value: i32, digits: i32, pad: u8): usize {
  let left = value;
  for (let i = digits - 1; i >= 0; i--) {
    const blank = left === 0 && i < digits - 1;
    store<u8>(at + i, blank ? pad : <u8>(0x30 + (left % 10)));
    left /= 10;
  }
  return at + digits;
}

/** The first digits of nine. */
function writeFraction(at: usize, nanos: i64, digits: i32): void {
  let left = <i32>nanos;
  for (let i = DIGITS_MAX - 1; i >= 0; i--) {
    if (i < digits) store<u8>(at + i, <u8>(0x30 + (left % 10)));
    left /= 10;
  }
}
