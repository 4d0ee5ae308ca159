import * as buffers from '@lateen/sdk/abi/buffers';
import * as status from '@lateen/sdk/abi/status';
import type { BodyBuffer } from '../../http/body-buffer.ts';
import type { Guest } from '../guest.ts';
import type { HostFunctions } from './host-functions.ts';

/** Bodies, the answer to a callout, and the configurations: everything that is a buffer. */
export function bodyFunctions(guest: Guest): HostFunctions {
  const { memory } = guest;
  return {
    /** Beyond the end there is nothing, and that is OK; a range that wraps is none. */
    proxy_get_buffer_bytes(type: number, start: number, max: number, out: number, outSize: number) {
      if (!guest.admit('proxy_get_buffer_bytes')) return status.INTERNAL_FAILURE;
      if ((start >>> 0) + (max >>> 0) > 0xffffffff) return status.BAD_ARGUMENT;
      if (type >>> 0 > buffers.FOREIGN_FUNCTION_ARGUMENTS) return status.BAD_ARGUMENT;
      const source = findBuffer(guest, type);
      if (source === null) return status.NOT_FOUND;
      const from = Math.min(start >>> 0, source.length);
      const size = Math.min(max >>> 0, source.length - from);
      const address = guest.allocateFor(size, out >>> 0, outSize >>> 0);
      if (address < 0) return status.INVALID_MEMORY_ACCESS;
      if (source instanceof Uint8Array) memory.write(address, source, from, from + size);
      else source.copyTo(memory.u8, address, from, size);
      return status.OK;
    },
    /** Any splice, where Envoy allows to prepend, append and replace the whole. */
    proxy_set_buffer_bytes(type: number, start: number, size: number, d: number, dataSize: number) {
      if (!guest.admit('proxy_set_buffer_bytes')) return status.INTERNAL_FAILURE;
      const data = d >>> 0;
      const length = dataSize >>> 0;
      if (!memory.has(data, length)) return status.INVALID_MEMORY_ACCESS;
      if (type >>> 0 > buffers.FOREIGN_FUNCTION_ARGUMENTS) return status.BAD_ARGUMENT;
      const target = findBuffer(guest, type);
      if (target === null) return status.NOT_FOUND;
      if (target instanceof Uint8Array || type > buffers.UPSTREAM_DATA) return status.BAD_ARGUMENT;
      if (target.length + length > guest.options.limits.bodyBytesMax) return status.BAD_ARGUMENT;
      guest.charge(length);
      target.splice(start >>> 0, size >>> 0, memory.copy(data, length));
      return status.OK;
    },
    proxy_get_buffer_status(type: number, outSize: number, outFlags: number) {
      if (!guest.admit('proxy_get_buffer_status')) return status.INTERNAL_FAILURE;
      if (type >>> 0 > buffers.FOREIGN_FUNCTION_ARGUMENTS) return status.BAD_ARGUMENT;
      const source = findBuffer(guest, type);
      if (source === null) return status.NOT_FOUND;
      const at = outSize >>> 0;
      const flagsAt = outFlags >>> 0;
      if (!memory.has(at, 4) || !memory.has(flagsAt, 4)) return status.INVALID_MEMORY_ACCESS;
      memory.setU32(at, source.length);
      memory.setU32(flagsAt, 0);
      return status.OK;
    },
    /** ABI 0.1.0: the configuration of the VM in its callback, else that of the plugin. */
    proxy_get_configuration(out: number, outSize: number) {
      if (!guest.admit('proxy_get_configuration')) return status.INTERNAL_FAILURE;
      const source = guest.vmStarting
        ? guest.options.vmConfiguration
        : (guest.root?.configuration ?? guest.options.vmConfiguration);
      const given = guest.give(source, 0, source.length, out >>> 0, outSize >>> 0);
      return given ? status.OK : status.INVALID_MEMORY_ACCESS;
    },
  };
}

function findBuffer(guest: Guest, type: number): BodyBuffer | Uint8Array | null {
  switch (type) {
    case buffers.HTTP_CALL_RESPONSE_BODY:
      return guest.answer?.body ?? null;
    case buffers.VM_CONFIGURATION:
      return guest.options.vmConfiguration;
    case buffers.PLUGIN_CONFIGURATION:
      return guest.root?.configuration ?? null;
    case buffers.GRPC_CALL_MESSAGE:
    case buffers.FOREIGN_FUNCTION_ARGUMENTS:
      return null;
    default:
      return guest.effects?.bodyBuffer(type) ?? null;
  }
}
