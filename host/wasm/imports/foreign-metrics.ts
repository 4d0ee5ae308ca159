import * as ext from '@lateen/sdk/abi/extensions';
import * as status from '@lateen/sdk/abi/status';
import type { Guest } from '../guest.ts';
import type { ForeignFunctions } from './foreign-answer.ts';

const ENTRY_BYTES = 12;

/** Several metrics in one call, by numbers that are no BigInts. */
export function foreignMetrics(guest: Guest): ForeignFunctions {
  const { memory, metrics: mine } = guest;
  const { metrics } = guest.services;
  return {
    [ext.FN_RECORD_METRICS](start, end, answer) {
      if ((end - start) % ENTRY_BYTES !== 0) return status.BAD_ARGUMENT;
      for (let at = start; at < end; at += ENTRY_BYTES) {
        const id = memory.u32(at);
        const value = memory.view.getFloat64(at + 4, true);
        if (!(value >= 0 && value < Number.POSITIVE_INFINITY)) return status.BAD_ARGUMENT;
        if (!mine.has(id)) return status.NOT_FOUND;
        const recorded = metrics.record(id, value);
        if (recorded !== status.OK) return recorded;
      }
      return answer.nothing();
    },
  };
}
