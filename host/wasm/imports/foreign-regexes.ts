import * as ext from '@lateen/sdk/abi/extensions';
import * as status from '@lateen/sdk/abi/status';
import type { Guest } from '../guest.ts';
import type { ForeignFunctions } from './foreign-answer.ts';

/** Matching costs about 1 us for 100 bytes: many times what the guest pays for a byte it reads. */
const FUEL_BYTES_PER_BYTE = 256;

/** Regular expressions in linear time. A module reaches only those that it compiled itself. */
export function foreignRegexes(guest: Guest): ForeignFunctions {
  const { memory } = guest;
  const { regexes } = guest.services;
  const { regexesMax, regexBytesMax } = guest.options.limits;
  const mine = new Set<number>();
  return {
    [ext.FN_REGEX_COMPILE](start, end, answer) {
      if (end - start > regexBytesMax || mine.size >= regexesMax) return status.BAD_ARGUMENT;
      guest.charge((end - start) * FUEL_BYTES_PER_BYTE);
      const compiled = regexes.compile(memory.utf8(start, end - start));
      if (typeof compiled === 'string') {
        guest.log.write(4, `regular expression refused: ${compiled}`);
        return status.BAD_ARGUMENT;
      }
      mine.add(compiled);
      return answer.u32(compiled);
    },
    [ext.FN_REGEX_MATCH](start, end, answer) {
      if (end - start < 4) return status.BAD_ARGUMENT;
      const id = memory.u32(start);
      if (!mine.has(id)) return status.NOT_FOUND;
      guest.charge((end - start) * FUEL_BYTES_PER_BYTE);
      return answer.flag(regexes.fullMatch(id, memory.u8, start + 4, end));
    },
    [ext.FN_REGEX_REPLACE](start, end, answer) {
      if (end - start < 8) return status.BAD_ARGUMENT;
      const id = memory.u32(start);
      const textEnd = start + 8 + memory.u32(start + 4);
      if (textEnd > end) return status.BAD_ARGUMENT;
      if (!mine.has(id)) return status.NOT_FOUND;
      guest.charge((end - start) * FUEL_BYTES_PER_BYTE);
      const text = memory.utf8(start + 8, textEnd - start - 8);
      const replaced = regexes.replaceAll(id, text, memory.utf8(textEnd, end - textEnd));
      return replaced === null ? status.BAD_ARGUMENT : answer.bytes(Buffer.from(replaced));
    },
  };
}
