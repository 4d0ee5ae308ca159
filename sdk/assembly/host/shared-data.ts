import { CAS_MISMATCH, OK } from '../../abi/status';
import { Bytes } from '../bytes/bytes';
import { utf8, utf8Size } from '../bytes/text';
import { proxy_get_shared_data, proxy_set_shared_data } from '../env';
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

/** Sets it whatever stands there. */
export function setShared(key: string, value: string): bool {
  return writeShared(key, value, 0) === OK;
}

/** Sets it if it still is what was read; false where somebody was faster (read again). */
export function replaceShared(key: string, value: string, read: SharedValue): bool {
  return writeShared(key, value, read.version) !== CAS_MISMATCH;
}

function writeShared(key: string, value: string, version: u32): i32 {
  const name = utf8(key);
  const nameSize = utf8Size;
  const text = utf8(value);
  return proxy_set_shared_data(name, nameSize, text, utf8Size, version);
}
