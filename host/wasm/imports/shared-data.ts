import * as status from '@lateen/sdk/abi/status';
import type { Guest } from '../guest.ts';
import type { HostFunctions } from './host-functions.ts';

/** Key and value pairs that VMs of the same id share, with compare-and-swap. */
export function sharedDataFunctions(guest: Guest): HostFunctions {
  const { memory } = guest;
  const { sharedData } = guest.services;
  const { vmId } = guest.options;
  return {
    proxy_get_shared_data(key: number, keySize: number, out: number, outSize: number, cas: number) {
      if (!guest.admit('proxy_get_shared_data')) return status.INTERNAL_FAILURE;
      if (!memory.has(key >>> 0, keySize >>> 0) || !memory.has(cas >>> 0, 4)) {
        return status.INVALID_MEMORY_ACCESS;
      }
      const found = sharedData.get(vmId, memory.latin1(key >>> 0, keySize >>> 0));
      if (found === null) return status.NOT_FOUND;
      const { value } = found;
      if (!guest.give(value, 0, value.length, out >>> 0, outSize >>> 0)) {
        return status.INVALID_MEMORY_ACCESS;
      }
      memory.setU32(cas >>> 0, found.cas);
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
      const name = memory.latin1(key >>> 0, keySize >>> 0);
      return sharedData.set(vmId, name, memory.copy(value, size), cas >>> 0);
    },
  };
}
