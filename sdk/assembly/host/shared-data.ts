import {
  FN_SHARED_ADD,
  FN_SHARED_DELETE,
  FN_SHARED_EXISTS,
  FN_SHARED_SET,
  SHARED_ABSENT,
} from '../../abi/extensions';
import { CAS_MISMATCH, OK } from '../../abi/status';
import { allocate } from '../arena';
import { Bytes } from '../bytes/bytes';
import { utf8, utf8Size } from '../bytes/text';
import { proxy_get_shared_data, proxy_set_shared_data } from '../env';
import { callForeign } from './foreign';
import { OUT, OUT_EXTRA, OUT_SIZE } from './out';

/** A value that all VMs with this one's id share, and the token of the version that was read. */
export class SharedValue {
  readonly bytes: ArrayBuffer;
  readonly version: u32;

  constructor(bytes: ArrayBuffer, version: u32) {
    this.bytes = bytes;
    this.version = version;
  }

  get text(): string {
    return String.UTF8.decode(this.bytes);
  }
}

/** The value, or null where nobody has set one. */
export function getShared(key: string): SharedValue | null {
  const name = utf8(key);
  store<u64>(OUT, 0);
  if (proxy_get_shared_data(name, utf8Size, OUT, OUT_SIZE, OUT_EXTRA) !== OK) return null;
  const version = load<u32>(OUT_EXTRA);
  const bytes = Bytes.at(load<usize>(OUT), load<i32>(OUT_SIZE));
  return new SharedValue(bytes.toBuffer(), version);
}

/** Sets it whatever stands there. False where a limit of the host stands in the way. */
export function setShared(key: string, value: string): bool {
  return writeShared(key, value, 0) === OK;
}

/** Sets it if it still is what was read; false where somebody was faster (read again). */
export function replaceShared(key: string, value: string, read: SharedValue): bool {
  return writeShared(key, value, read.version) !== CAS_MISMATCH;
}

/** Sets it for so many milliseconds (Lateen only). */
export function setSharedFor(key: string, value: string, ttlMs: u32): bool {
  return writeTimed(key, value, 0, ttlMs) === OK;
}

/**
 * Sets it where nothing stands, for so many milliseconds, 0 = for ever (Lateen only). Of all that
 * try at once, in whatever thread, one gets true.
 */
export function createShared(key: string, value: string, ttlMs: u32 = 0): bool {
  return writeTimed(key, value, SHARED_ABSENT, ttlMs) === OK;
}

/** What `addShared` counted up to. */
export let sharedSum: i64 = 0;

/**
 * Adds to a counter that all threads share and leaves the sum in `sharedSum` (Lateen only). A
 * counter that is missing begins at 0 and lives for `ttlMs` from then on, 0 = for ever: one line
 * makes a rate limit. False where the key holds something else or a limit stands in the way.
 */
export function addShared(key: string, by: i64, ttlMs: u32 = 0): bool {
  const name = utf8(key);
  const size = utf8Size;
  const question = allocate(12 + size);
  store<i64>(question, by);
  store<u32>(question, ttlMs, 8);
  memory.copy(question + 12, name, size);
  if (callShared(FN_SHARED_ADD, question, 12 + size) !== OK || answer.size !== 8) return false;
  sharedSum = load<i64>(answer.pointer);
  return true;
}

/** Whether there is such a key, without reading its value (Lateen only). */
export function hasShared(key: string): bool {
  const name = utf8(key);
  const found = callShared(FN_SHARED_EXISTS, name, utf8Size) === OK;
  return found && answer.size === 1 && answer.byte(0) === 1;
}

/** Removes the key; false where there was none (Lateen only). */
export function removeShared(key: string): bool {
  return removeVersion(key, 0);
}

/** Removes the key if its value still is what was read (Lateen only). */
export function removeSharedIf(key: string, read: SharedValue): bool {
  return removeVersion(key, read.version);
}

const called = new Bytes();
const answer = new Bytes();

function callShared(name: string, question: usize, size: i32): i32 {
  const at = utf8(name);
  return callForeign(called.point(at, utf8Size), question, size, answer);
}

function removeVersion(key: string, version: u32): bool {
  const name = utf8(key);
  const size = utf8Size;
  const question = allocate(4 + size);
  store<u32>(question, version);
  memory.copy(question + 4, name, size);
  return callShared(FN_SHARED_DELETE, question, 4 + size) === OK;
}

function writeShared(key: string, value: string, version: u32): i32 {
  const name = utf8(key);
  const nameSize = utf8Size;
  const text = utf8(value);
  return proxy_set_shared_data(name, nameSize, text, utf8Size, version);
}

function writeTimed(key: string, value: string, version: u32, ttlMs: u32): i32 {
  const name = utf8(key);
  const nameSize = utf8Size;
  const text = utf8(value);
  const textSize = utf8Size;
  const size = 12 + nameSize + textSize;
  const question = allocate(size);
  store<u32>(question, version);
  store<u32>(question, ttlMs, 4);
  store<u32>(question, nameSize, 8);
  memory.copy(question + 12, name, nameSize);
  memory.copy(question + 12 + nameSize, text, textSize);
  return callShared(FN_SHARED_SET, question, size);
}
