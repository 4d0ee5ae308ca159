import * as ext from '@lateen/sdk/abi/extensions';
import * as status from '@lateen/sdk/abi/status';
import type { Guest } from '../guest.ts';
import { visible } from '../guest-log.ts';
import type { ForeignFunctions } from './foreign-answer.ts';

const TEXT_BYTES_MAX = 16 * 1024;

/** Why a module refuses its configuration, with the field's path: the reason of a NACK. */
export function foreignConfiguration(guest: Guest): ForeignFunctions {
  const { memory } = guest;
  return {
    [ext.FN_REFUSE_CONFIG](start, end, answer) {
      if (end - start < 4 || end - start > TEXT_BYTES_MAX) return status.BAD_ARGUMENT;
      const pathEnd = start + 4 + memory.u32(start);
      if (pathEnd > end) return status.BAD_ARGUMENT;
      const path = visible(memory.utf8(start + 4, pathEnd - start - 4));
      guest.refusal = { path, message: visible(memory.utf8(pathEnd, end - pathEnd)) };
      return answer.nothing();
    },
  };
}
