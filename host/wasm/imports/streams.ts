import * as buffers from '@lateen/sdk/abi/buffers';
import * as status from '@lateen/sdk/abi/status';
import type { Guest } from '../guest.ts';
import { decodePairs } from '../pairs.ts';
import type { HostFunctions } from './host-functions.ts';

const GRPC_STATUS_MAX = 16;
const HTTP_STATUS_MIN = 200;
const HTTP_STATUS_MAX = 599;

/** What a module may do to a stream. All of it is noted, and done after the module has returned. */
export function streamFunctions(guest: Guest): HostFunctions {
  return { ...controlFunctions(guest), ...replyFunctions(guest), ...contextFunctions(guest) };
}

function controlFunctions(guest: Guest): HostFunctions {
  const resume = (name: string, streamType: number) => {
    if (!guest.admit(name)) return status.INTERNAL_FAILURE;
    return guest.effects?.continueStream(streamType >>> 0) ?? status.BAD_ARGUMENT;
  };
  return {
    proxy_continue_stream: (type: number) => resume('proxy_continue_stream', type),
    proxy_continue_request: () => resume('proxy_continue_request', buffers.STREAM_HTTP_REQUEST),
    proxy_continue_response: () => resume('proxy_continue_response', buffers.STREAM_HTTP_RESPONSE),
    proxy_close_stream(type: number) {
      if (!guest.admit('proxy_close_stream')) return status.INTERNAL_FAILURE;
      return guest.effects?.closeStream(type >>> 0) ?? status.BAD_ARGUMENT;
    },
    proxy_clear_route_cache() {
      if (!guest.admit('proxy_clear_route_cache')) return status.INTERNAL_FAILURE;
      guest.effects?.clearRouteCache();
      return guest.effects === null ? status.BAD_ARGUMENT : status.OK;
    },
  };
}

function replyFunctions(guest: Guest): HostFunctions {
  const { memory } = guest;
  const { limits } = guest.options;
  return {
    proxy_send_local_response(
      code: number,
      details: number,
      detailsSize: number,
      body: number,
      bodySize: number,
      headers: number,
      headersSize: number,
      grpc: number,
    ) {
      if (!guest.admit('proxy_send_local_response')) return status.INTERNAL_FAILURE;
      const headersAt = headers >>> 0;
      const headersEnd = headersAt + (headersSize >>> 0);
      if (
        !memory.has(details >>> 0, detailsSize >>> 0) ||
        !memory.has(body >>> 0, bodySize >>> 0) ||
        !memory.has(headersEnd, 0)
      ) {
        return status.INVALID_MEMORY_ACCESS;
      }
      const { effects } = guest;
      if (effects === null || code < HTTP_STATUS_MIN || code > HTTP_STATUS_MAX) {
        return status.BAD_ARGUMENT;
      }
      if (bodySize >>> 0 > limits.messageBytesMax) return status.BAD_ARGUMENT;
      const pairs = decodePairs(memory.u8, headersAt, headersEnd, limits);
      if (pairs === null) return status.BAD_ARGUMENT;
      guest.charge((bodySize >>> 0) + (headersSize >>> 0));
      return effects.sendLocalReply({
        status: code,
        // An access log must be able to print it as one word.
        details: memory.utf8(details >>> 0, detailsSize >>> 0).replace(/\s/g, '_'),
        body: memory.copy(body >>> 0, bodySize >>> 0),
        headers: pairs,
        grpcStatus: grpc >>> 0 > GRPC_STATUS_MAX ? -1 : grpc,
      });
    },
  };
}

function contextFunctions(guest: Guest): HostFunctions {
  const { memory } = guest;
  return {
    /**
     * Contexts of other plugins in the same VM answer as if they were not there: knowing an id
     * must not be enough to edit another filter's stream.
     */
    proxy_set_effective_context(contextId: number) {
      if (!guest.admit('proxy_set_effective_context')) return status.INTERNAL_FAILURE;
      const frame = guest.contexts.get(contextId >>> 0);
      if (frame === undefined || frame.root !== guest.root) return status.BAD_ARGUMENT;
      guest.effective = frame;
      if (frame.effects !== null && guest.frame?.effects == null) guest.reached.push(frame.effects);
      return status.OK;
    },
    proxy_done() {
      if (!guest.admit('proxy_done')) return status.INTERNAL_FAILURE;
      return guest.root?.finishDone() === true ? status.OK : status.NOT_FOUND;
    },
    /** How the callout ended that the callback at hand is about; message in the host's words. */
    proxy_get_status(outCode: number, out: number, outSize: number) {
      if (!guest.admit('proxy_get_status')) return status.INTERNAL_FAILURE;
      if (!memory.has(outCode >>> 0, 4)) return status.INVALID_MEMORY_ACCESS;
      const message = Buffer.from(guest.lastStatus.message);
      if (!guest.give(message, 0, message.length, out >>> 0, outSize >>> 0)) {
        return status.INVALID_MEMORY_ACCESS;
      }
      memory.setU32(outCode >>> 0, guest.lastStatus.code);
      return status.OK;
    },
  };
}
