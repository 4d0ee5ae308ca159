import { GuestExit } from '../fault.ts';
import { ALLOCATING, type Guest, STARTING } from '../guest.ts';
import { nanoseconds } from './clock.ts';
import type { HostFunctions } from './host-functions.ts';
import { WASI_SIGNATURES } from './signatures.ts';
import { descriptorFunctions } from './wasi-descriptors.ts';
import { environmentFunctions } from './wasi-environment.ts';
import * as errno from './wasi-errno.ts';

const CLOCK_REALTIME = 0;
const CLOCK_MONOTONIC = 1;
const RANDOM_BYTES_MAX = 64 * 1024;
const CLOCK_RESOLUTION_NS = 1000n;

/**
 * WASI preview 1 as far as a filter needs it: standard output and error are the log, there are
 * clocks, chance and an environment, and no file, socket or process. What modules merely link
 * (Go's runtime names about thirty) is there and answers that it is not supported.
 */
export function wasiFunctions(guest: Guest): HostFunctions {
  return {
    ...unsupportedFunctions(guest),
    ...descriptorFunctions(guest),
    ...environmentFunctions(guest),
    ...processFunctions(guest),
  };
}

function unsupportedFunctions(guest: Guest): HostFunctions {
  const entries = Object.keys(WASI_SIGNATURES).map((name) => [
    name,
    () => (guest.admit(name, STARTING) ? errno.NOTSUP : errno.FAULT),
  ]);
  return Object.fromEntries(entries);
}

function processFunctions(guest: Guest): HostFunctions {
  const { memory } = guest;
  const { clock, random } = guest.services;
  return {
    clock_time_get(id: number, _precision: bigint, out: number) {
      if (!guest.admit('clock_time_get', ALLOCATING)) return errno.FAULT;
      if (!memory.has(out >>> 0, 8)) return errno.FAULT;
      if (id !== CLOCK_REALTIME && id !== CLOCK_MONOTONIC) return errno.NOTSUP;
      // Go's runtime takes a monotonic time of 0 for a broken clock.
      const now = id === CLOCK_REALTIME ? clock.wallTime() : clock.now() + 1;
      memory.view.setBigUint64(out >>> 0, nanoseconds(now), true);
      return errno.SUCCESS;
    },
    clock_res_get(id: number, out: number) {
      if (!guest.admit('clock_res_get', ALLOCATING)) return errno.FAULT;
      if (!memory.has(out >>> 0, 8)) return errno.FAULT;
      if (id !== CLOCK_REALTIME && id !== CLOCK_MONOTONIC) return errno.NOTSUP;
      memory.view.setBigUint64(out >>> 0, CLOCK_RESOLUTION_NS, true);
      return errno.SUCCESS;
    },
    random_get(address: number, size: number) {
      if (!guest.admit('random_get', STARTING)) return errno.FAULT;
      const at = address >>> 0;
      const length = size >>> 0;
      if (length > RANDOM_BYTES_MAX) return errno.INVAL;
      if (!memory.has(at, length)) return errno.FAULT;
      guest.charge(length * 16);
      for (let i = 0; i < length; i++) memory.u8[at + i] = random() * 256;
      return errno.SUCCESS;
    },
    /** A filter never sleeps: everything it waits for is due. */
    poll_oneoff(_in: number, _out: number, _count: number, outEvents: number) {
      if (!guest.admit('poll_oneoff', ALLOCATING)) return errno.FAULT;
      if (!memory.has(outEvents >>> 0, 4)) return errno.FAULT;
      memory.setU32(outEvents >>> 0, 0);
      return errno.SUCCESS;
    },
    sched_yield: () => (guest.admit('sched_yield', ALLOCATING) ? errno.SUCCESS : errno.FAULT),
    proc_exit(code: number): never {
      guest.admit('proc_exit', ALLOCATING);
      return guest.exit(new GuestExit(code >>> 0, guest.starting));
    },
  };
}
