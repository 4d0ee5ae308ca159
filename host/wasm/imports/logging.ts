import * as levels from '@lateen/sdk/abi/buffers';
import * as status from '@lateen/sdk/abi/status';
import { ALLOCATING, type Guest } from '../guest.ts';
import type { HostFunctions } from './host-functions.ts';

/** Logging is open in every phase: an allocator that panics may say so. */
export function loggingFunctions(guest: Guest): HostFunctions {
  const { memory, log } = guest;
  return {
    proxy_log(level: number, message: number, messageSize: number) {
      if (!guest.admit('proxy_log', ALLOCATING)) return status.INTERNAL_FAILURE;
      const at = message >>> 0;
      const size = messageSize >>> 0;
      if (!memory.has(at, size)) return status.INVALID_MEMORY_ACCESS;
      if (level >>> 0 > levels.LOG_CRITICAL) return status.BAD_ARGUMENT;
      if (!log.wants(level)) return status.OK;
      guest.charge(size);
      guest.chargeCostly();
      log.write(level, memory.utf8(at, Math.min(size, guest.options.limits.logLineBytesMax)));
      return status.OK;
    },
    proxy_get_log_level(out: number) {
      if (!guest.admit('proxy_get_log_level', ALLOCATING)) return status.INTERNAL_FAILURE;
      if (!memory.has(out >>> 0, 4)) return status.INVALID_MEMORY_ACCESS;
      memory.setU32(out >>> 0, log.level);
      return status.OK;
    },
  };
}
