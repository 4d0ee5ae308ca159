import * as ext from '@lateen/sdk/abi/extensions';
import * as status from '@lateen/sdk/abi/status';
import type { Guest } from '../guest.ts';
import type { ForeignFunctions } from './foreign-answer.ts';

const STANDARD_STREAMS = ['/dev/stdout', '/dev/stderr'];
const PATH_BYTES_MAX = 4096;

/**
 * Append-only sinks. Only modules that came with the host may name a file: to whoever can apply a
 * plugin, the proxy's file system would be open otherwise.
 */
export function foreignSinks(guest: Guest): ForeignFunctions {
  const { memory } = guest;
  const { sinks } = guest.services;
  const mine = new Set<number>();
  return {
    [ext.FN_SINK_OPEN](start, end, answer) {
      if (end - start > PATH_BYTES_MAX) return status.BAD_ARGUMENT;
      const path = memory.utf8(start, end - start);
      const allowed = guest.compiled.trusted || STANDARD_STREAMS.includes(path);
      if (!allowed || mine.size >= guest.options.limits.sinksMax) return status.BAD_ARGUMENT;
      const id = sinks.open(path);
      mine.add(id);
      return answer.u32(id);
    },
    [ext.FN_SINK_WRITE](start, end, answer) {
      if (end - start < 4) return status.BAD_ARGUMENT;
      const id = memory.u32(start);
      if (!mine.has(id)) return status.NOT_FOUND;
      if (!sinks.write(id, memory.u8, start + 4, end)) return status.EMPTY;
      return answer.nothing();
    },
  };
}
