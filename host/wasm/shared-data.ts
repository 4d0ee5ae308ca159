import * as status from '@lateen/sdk/abi/status';
import type { SharedData } from './effects.ts';
import { DEFAULT_SHARED_DATA_LIMITS, type SharedDataLimits } from './limits.ts';

interface SharedValue {
  readonly value: Uint8Array;
  readonly cas: number;
}

interface Space {
  readonly values: Map<string, SharedValue>;
  bytes: number;
}

/**
 * Shared data of one worker, as proxy-wasm's C++ host keeps it: by VM id and key, one counter of
 * compare-and-swap tokens for all, and a swap onto a key that is missing succeeds. An empty value
 * is a value. What would pass a limit is refused with INTERNAL_FAILURE and changes nothing.
 */
export function createSharedData(
  limits: SharedDataLimits = DEFAULT_SHARED_DATA_LIMITS,
): SharedData {
  const spaces = new Map<string, Space>();
  let lastCas = 0;
  return {
    get: (vmId, key) => spaces.get(vmId)?.values.get(key) ?? null,
    set(vmId, key, value, cas) {
      const space = spaces.get(vmId) ?? { values: new Map(), bytes: 0 };
      const known = space.values.get(key);
      if (known !== undefined && cas !== 0 && cas !== known.cas) return status.CAS_MISMATCH;
      const before = known === undefined ? 0 : key.length + known.value.length;
      const bytes = space.bytes - before + key.length + value.length;
      if (key.length > limits.keyBytesMax || bytes > limits.bytesPerVmMax) {
        return status.INTERNAL_FAILURE;
      }
      if (known === undefined && space.values.size >= limits.keysPerVmMax) {
        return status.INTERNAL_FAILURE;
      }
      lastCas = (lastCas + 1) >>> 0 || 1;
      space.values.set(key, { value, cas: lastCas });
      space.bytes = bytes;
      spaces.set(vmId, space);
      return status.OK;
    },
  };
}
