import type { SharedDataLimits } from '../limits.ts';
import { Arena } from './arena.ts';
import { KeyHash } from './key-hash.ts';
import { openRegion, type Region, type SharedMemory } from './layout.ts';

/** What one thread's view of the shared memory consists of; used under the lock. */
export interface SharedParts {
  readonly region: Region;
  readonly arena: Arena;
  readonly hash: KeyHash;
  readonly limits: SharedDataLimits;
  /** Milliseconds on a clock that all threads agree about; when entries expire. */
  readonly now: () => number;
  /** This thread's number. */
  readonly thread: number;
}

export function openParts(
  memory: SharedMemory,
  options: Pick<SharedParts, 'limits' | 'now' | 'thread'>,
): SharedParts {
  const region = openRegion(memory);
  return { region, arena: new Arena(region), hash: new KeyHash(memory.seed), ...options };
}

/** Whether the bytes of two places are the same. */
export function sameBytes(
  bytes: Uint8Array,
  at: number,
  source: Uint8Array,
  start: number,
  end: number,
): boolean {
  for (let i = start, j = at; i < end; i++, j++) if (bytes[j] !== source[i]) return false;
  return true;
}

/** Up to here a byte loop is faster than a call of the engine's copy. */
const LOOP_BYTES_MAX = 48;

export function copyBytes(
  target: Uint8Array,
  at: number,
  source: Uint8Array,
  start: number,
  end: number,
): void {
  if (end - start > LOOP_BYTES_MAX) target.set(source.subarray(start, end), at);
  else for (let i = start, j = at; i < end; i++, j++) target[j] = source[i];
}
