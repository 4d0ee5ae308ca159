import * as ext from '@lateen/sdk/abi/extensions';
import * as status from '@lateen/sdk/abi/status';
import { NO_BYTES } from '@lateen/sdk/base/bytes';
import type { Guest } from '../guest.ts';
import { encodePairs } from '../pairs.ts';
import type { ForeignFunctions } from './foreign-answer.ts';
import { findMap } from './headers.ts';

/** All values of a repeated header; the ABI shows the first one only. */
export function foreignHeaders(guest: Guest): ForeignFunctions {
  const { memory } = guest;
  return {
    [ext.FN_HEADER_VALUES](start, end, answer) {
      if (end - start < 4) return status.BAD_ARGUMENT;
      const map = findMap(guest, memory.u32(start));
      if (map === null) return status.BAD_ARGUMENT;
      const values: [Uint8Array, Uint8Array][] = [];
      for (let slot = map.find(memory.u8, start + 4, end); slot >= 0; ) {
        const value = map.valueBytes(slot).subarray(map.valueStart(slot), map.valueEnd(slot));
        values.push([NO_BYTES, value]);
        slot = map.find(memory.u8, start + 4, end, slot + 1);
      }
      return values.length === 0 ? answer.nothing() : answer.bytes(encodePairs(values));
    },
  };
}
