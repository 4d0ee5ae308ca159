import * as status from '@lateen/sdk/abi/status';
import type { Guest } from '../guest.ts';
import type { HostFunctions } from './host-functions.ts';

/**
 * Queues by VM id and name. As with metrics, a VM reaches the queues that it has registered or
 * resolved, and no other by guessing ids.
 */
export function sharedQueueFunctions(guest: Guest): HostFunctions {
  const { memory } = guest;
  const known = new Set<number>();
  const answerId = (id: number, out: number): number => {
    known.add(id);
    memory.setU32(out >>> 0, id);
    return status.OK;
  };
  return {
    proxy_register_shared_queue(name: number, nameSize: number, out: number) {
      if (!guest.admit('proxy_register_shared_queue')) return status.INTERNAL_FAILURE;
      if (!memory.has(name >>> 0, nameSize >>> 0) || !memory.has(out >>> 0, 4)) {
        return status.INVALID_MEMORY_ACCESS;
      }
      const reader = guest.root;
      if (reader === null) return status.INTERNAL_FAILURE;
      const { shared } = guest;
      shared.at(memory.u8, name >>> 0, (name >>> 0) + (nameSize >>> 0));
      const id = shared.register(reader);
      if (id === 0) return guest.answerShared(status.INTERNAL_FAILURE, shared.refusal);
      return answerId(id, out);
    },
    proxy_resolve_shared_queue(
      vm: number,
      vmSize: number,
      name: number,
      size: number,
      out: number,
    ) {
      if (!guest.admit('proxy_resolve_shared_queue')) return status.INTERNAL_FAILURE;
      const named = memory.has(name >>> 0, size >>> 0);
      if (!memory.has(vm >>> 0, vmSize >>> 0) || !named || !memory.has(out >>> 0, 4)) {
        return status.INVALID_MEMORY_ACCESS;
      }
      const { shared } = guest;
      shared.at(memory.u8, name >>> 0, (name >>> 0) + (size >>> 0));
      const id = shared.resolve(memory.u8.subarray(vm >>> 0, (vm >>> 0) + (vmSize >>> 0)));
      return id === 0 ? status.NOT_FOUND : answerId(id, out);
    },
    proxy_enqueue_shared_queue(id: number, data: number, dataSize: number) {
      if (!guest.admit('proxy_enqueue_shared_queue')) return status.INTERNAL_FAILURE;
      const start = data >>> 0;
      const size = dataSize >>> 0;
      if (!memory.has(start, size)) return status.INVALID_MEMORY_ACCESS;
      if (!known.has(id >>> 0)) return status.NOT_FOUND;
      guest.charge(size);
      const { shared } = guest;
      const result = shared.enqueue(id >>> 0, memory.u8, start, start + size);
      return guest.answerShared(result, shared.refusal);
    },
    proxy_dequeue_shared_queue(id: number, out: number, outSize: number) {
      if (!guest.admit('proxy_dequeue_shared_queue')) return status.INTERNAL_FAILURE;
      if (!memory.has(out >>> 0, 4) || !memory.has(outSize >>> 0, 4)) {
        return status.INVALID_MEMORY_ACCESS;
      }
      if (!known.has(id >>> 0)) return status.NOT_FOUND;
      const { shared } = guest;
      const result = shared.dequeue(id >>> 0);
      if (result !== status.OK) return guest.answerShared(result, shared.refusal);
      const given = guest.give(shared.value, 0, shared.size, out >>> 0, outSize >>> 0);
      return given ? status.OK : status.INVALID_MEMORY_ACCESS;
    },
  };
}
