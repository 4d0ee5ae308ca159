import * as status from '@lateen/sdk/abi/status';
import { ALLOCATING, type Guest } from '../guest.ts';
import type { HostFunctions } from './host-functions.ts';

/** Time and the tick of the root context. */
export function clockFunctions(guest: Guest): HostFunctions {
  const { memory } = guest;
  return {
    proxy_get_current_time_nanoseconds(out: number) {
      if (!guest.admit('proxy_get_current_time_nanoseconds', ALLOCATING)) {
        return status.INTERNAL_FAILURE;
      }
      if (!memory.has(out >>> 0, 8)) return status.INVALID_MEMORY_ACCESS;
      memory.view.setBigUint64(out >>> 0, nanoseconds(guest.services.clock.wallTime()), true);
      return status.OK;
    },
    /** One timer per root context, whichever context asks; 0 stops it. */
    proxy_set_tick_period_milliseconds(periodMs: number) {
      if (!guest.admit('proxy_set_tick_period_milliseconds')) return status.INTERNAL_FAILURE;
      if (guest.root === null) return status.BAD_ARGUMENT;
      guest.root.setTickPeriod(periodMs >>> 0);
      return status.OK;
    },
  };
}

/** Nanoseconds of a time in milliseconds; a double holds microseconds since 1970 exactly. */
export function nanoseconds(milliseconds: number): bigint {
  return BigInt(Math.floor(milliseconds * 1000)) * 1000n;
}
