import * as status from '@lateen/sdk/abi/status';
import type { Guest } from '../guest.ts';
import type { HostFunctions } from './host-functions.ts';

/** Key and value pairs that VMs of the same id share, with compare-and-swap. */
export function sharedDataFunctions(guest: Guest): HostFunctions {
  const { memory } = guest;
  return {
    proxy_get_shared_data(key: number, keySize: number, out: number, outSize: number, cas: number) {
      if (!guest.admit('proxy_get_shared_data')) return status.INTERNAL_FAILURE;
      if (!memory.has(key >>> 0, keySize >>> 0) || !memory.has(cas >>> 0, 4)) {
        return status.INVALID_MEMORY_ACCESS;
      }
      const { shared } = guest;
      shared.at(memory.u8, key >>> 0, (key >>> 0) + (keySize >>> 0));
      const result = shared.get();
      if (result !== status.OK) return guest.answerShared(result, shared.refusal);
      const token = shared.cas;
      if (!guest.give(shared.value, 0, shared.size, out >>> 0, outSize >>> 0)) {
        return status.INVALID_MEMORY_ACCESS;
      }
      memory.setU32(cas >>> 0, token);
      return status.OK;
    },
    proxy_set_shared_data(key: number, keySize: number, v: number, valueSize: number, cas: number) {
      if (!guest.admit('proxy_set_shared_data')) return status.INTERNAL_FAILURE;
      const value = v >>> 0;
      const size = valueSize >>> 0;
      if (!memory.has(key >>> 0, keySize >>> 0) || !memory.has(value, size)) {
        return status.INVALID_MEMORY_ACCESS;
      }
      guest.charge(size);
      guest.chargeCostly();
      const { shared } = guest;
      shared.at(memory.u8, key >>> 0, (key >>> 0) + (keySize >>> 0));
      return guest.answerShared(shared.set(value, value + size, cas >>> 0, 0), shared.refusal);
    },
  };
}
