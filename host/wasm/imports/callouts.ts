import * as status from '@lateen/sdk/abi/status';
import { HeaderMap, headerName } from '../../http/header-map.ts';
import type { Guest } from '../guest.ts';
import { decodePairs } from '../pairs.ts';
import type { HostFunctions } from './host-functions.ts';

const REQUIRED = [headerName(':method'), headerName(':path'), headerName(':authority')];

/** HTTP callouts. They belong to the root context, and so does the callback with the answer. */
export function calloutFunctions(guest: Guest): HostFunctions {
  const { memory } = guest;
  return {
    proxy_http_call(
      upstream: number,
      upstreamSize: number,
      headers: number,
      headersSize: number,
      body: number,
      bodySize: number,
      trailers: number,
      trailersSize: number,
      timeoutMs: number,
      outToken: number,
    ) {
      if (!guest.admit('proxy_http_call')) return status.INTERNAL_FAILURE;
      if (
        !memory.has(upstream >>> 0, upstreamSize >>> 0) ||
        !memory.has(headers >>> 0, headersSize >>> 0) ||
        !memory.has(body >>> 0, bodySize >>> 0) ||
        !memory.has(trailers >>> 0, trailersSize >>> 0) ||
        !memory.has(outToken >>> 0, 4)
      ) {
        return status.INVALID_MEMORY_ACCESS;
      }
      if (guest.root === null || bodySize >>> 0 > guest.options.limits.messageBytesMax) {
        return status.BAD_ARGUMENT;
      }
      const head = readMap(guest, headers >>> 0, headersSize >>> 0);
      const tail = readMap(guest, trailers >>> 0, trailersSize >>> 0);
      if (head === null || tail === null) return status.BAD_ARGUMENT;
      if (!REQUIRED.every((name) => head.has(name))) return status.BAD_ARGUMENT;
      guest.charge(bodySize >>> 0);
      const token = guest.root.startCallout({
        cluster: memory.utf8(upstream >>> 0, upstreamSize >>> 0),
        headers: head,
        body: memory.copy(body >>> 0, bodySize >>> 0),
        trailers: tail,
        timeoutMs: timeoutMs >>> 0,
      });
      if (token < 0) return -token;
      memory.setU32(outToken >>> 0, token);
      return status.OK;
    },
  };
}

function readMap(guest: Guest, start: number, size: number): HeaderMap | null {
  guest.charge(size);
  const pairs = decodePairs(guest.memory.u8, start, start + size, guest.options.limits);
  if (pairs === null) return null;
  const map = new HeaderMap();
  return map.setPairs(pairs) ? map : null;
}
