import { REQUEST_HEADERS } from '@lateen/sdk/abi/maps';
import { allocate, epoch } from '@lateen/sdk/assembly/arena';
import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { readHeader } from '@lateen/sdk/assembly/host/headers';

const PATH = Bytes.of(':path');
const SLASH: u8 = 0x2f;
const SEMICOLON: u8 = 0x3b;
const QUESTION_MARK: u8 = 0x3f;
const HASH: u8 = 0x23;
const DOT: u8 = 0x2e;

/** The path as it is sent, without query and fragment. */
export const plainPath = new Bytes();
/**
 * The path as an application may read it that drops parameters (`;a=b`) and empty segments and
 * resolves dots: `/public/..;/admin` and `//admin` are `/admin` there. The host has resolved plain
 * dots already, where it is told to.
 */
export const otherReading = new Bytes();
/** Whether there is another reading at all. */
export let wasRewritten = false;
/** Whether a segment was `.` or `..`, without its parameters. */
export let hidesDots = false;

let found = false;
let readAt: u32 = 0;

/** Reads the path once per callback; false where the request has none. */
export function readPath(): bool {
  if (readAt === epoch) return found;
  readAt = epoch;
  wasRewritten = false;
  hidesDots = false;
  found = readHeader(REQUEST_HEADERS, PATH, plainPath);
  if (found && cutQuery()) rewrite();
  return found;
}

/** Ends the path before its query; true where a parameter, an empty or a dot segment may be. */
function cutQuery(): bool {
  const start = plainPath.pointer;
  const size = plainPath.size;
  let before: u8 = 0;
  let doubtful = false;
  for (let at = 0; at < size; at++) {
    const byte = load<u8>(start + at);
    if (byte === QUESTION_MARK || byte === HASH) {
      plainPath.size = at;
      break;
    }
    if (byte === SEMICOLON) doubtful = true;
    else if (before === SLASH && (byte === SLASH || byte === DOT)) doubtful = true;
    before = byte;
  }
  return doubtful;
}

/** Segment by segment: no parameters, no empty segments, dots resolved. */
function rewrite(): void {
  const from = plainPath.pointer;
  const size = plainPath.size;
  const target = allocate(size + 1);
  let end = target;
  let at = 0;
  while (at < size) {
    while (at < size && load<u8>(from + at) === SLASH) at++;
    const segment = at;
    while (at < size && load<u8>(from + at) !== SLASH) at++;
    const length = parameterStart(from + segment, at - segment);
    const dots = dotCount(from + segment, length);
    if (dots > 0) hidesDots = true;
    if (dots === 2) end = parent(target, end);
    if (length === 0 || dots > 0) continue;
    store<u8>(end, SLASH);
    memory.copy(end + 1, from + segment, length);
    end += <usize>length + 1;
  }
  // A slash at the end says something; a path of nothing but dropped segments is the root.
  if (end === target || load<u8>(from + size - 1) === SLASH) store<u8>(end++, SLASH);
  otherReading.point(target, <i32>(end - target));
  wasRewritten = true;
}

function parameterStart(segment: usize, size: i32): i32 {
  for (let at = 0; at < size; at++) {
    if (load<u8>(segment + at) === SEMICOLON) return at;
  }
  return size;
}

/** 1 for `.`, 2 for `..`, 0 for all else. */
function dotCount(segment: usize, size: i32): i32 {
  if (size < 1 || size > 2 || load<u8>(segment) !== DOT) return 0;
  return load<u8>(segment + size - 1) === DOT ? size : 0;
}

/** Where the last segment written begins. */
function parent(target: usize, end: usize): usize {
  let at = end;
  while (at > target) {
    at--;
    if (load<u8>(at) === SLASH) return at;
  }
  return target;
}
