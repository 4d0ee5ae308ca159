import * as maps from '@lateen/sdk/abi/maps';
import * as status from '@lateen/sdk/abi/status';
import type { HeaderMap } from '../../http/header-map.ts';
import type { Guest } from '../guest.ts';
import { decodePairs, encodeHeaders, headersSize } from '../pairs.ts';
import type { HostFunctions } from './host-functions.ts';

/**
 * Header and trailer maps: of the stream, and of the answer to a callout. Where a phase has no
 * such map, values answer BAD_ARGUMENT and pairs are empty, as in Envoy; filters rely on both.
 */
export function headerFunctions(guest: Guest): HostFunctions {
  return { ...readFunctions(guest), ...editFunctions(guest) };
}

function readFunctions(guest: Guest): HostFunctions {
  const { memory } = guest;
  const olderAbi = guest.compiled.abi === '0.1.0';
  return {
    proxy_get_header_map_value(type: number, k: number, ks: number, out: number, outSize: number) {
      if (!guest.admit('proxy_get_header_map_value')) return status.INTERNAL_FAILURE;
      const key = k >>> 0;
      const keyEnd = key + (ks >>> 0);
      if (!memory.has(keyEnd, 0)) return status.INVALID_MEMORY_ACCESS;
      const map = findMap(guest, type);
      if (map === null) return status.BAD_ARGUMENT;
      const name = guest.names.find(memory.u8, key, keyEnd);
      const slot = name === null ? map.find(memory.u8, key, keyEnd) : map.findName(name);
      if (slot < 0 && !olderAbi) return status.NOT_FOUND;
      const given =
        slot < 0
          ? guest.allocateFor(0, out >>> 0, outSize >>> 0) >= 0
          : guest.give(
              map.valueBytes(slot),
              map.valueStart(slot),
              map.valueEnd(slot),
              out >>> 0,
              outSize >>> 0,
            );
      return given ? status.OK : status.INVALID_MEMORY_ACCESS;
    },
    proxy_get_header_map_pairs(type: number, out: number, outSize: number) {
      if (!guest.admit('proxy_get_header_map_pairs')) return status.INTERNAL_FAILURE;
      guest.chargeCostly();
      if (type >>> 0 > maps.HTTP_CALL_RESPONSE_TRAILERS) return status.BAD_ARGUMENT;
      const map = findMap(guest, type);
      const size = map === null || map.count === 0 ? 0 : headersSize(map);
      const address = guest.allocateFor(size, out >>> 0, outSize >>> 0);
      if (address < 0) return status.INVALID_MEMORY_ACCESS;
      if (map !== null && size > 0) encodeHeaders(map, memory.u8, address);
      return status.OK;
    },
    proxy_get_header_map_size(type: number, out: number) {
      if (!guest.admit('proxy_get_header_map_size')) return status.INTERNAL_FAILURE;
      const map = findMap(guest, type);
      if (map === null) return status.BAD_ARGUMENT;
      if (!memory.has(out >>> 0, 4)) return status.INVALID_MEMORY_ACCESS;
      map.askedForAll();
      memory.setU32(out >>> 0, map.bytes);
      return status.OK;
    },
  };
}

function editFunctions(guest: Guest): HostFunctions {
  const { memory } = guest;
  const edit = (replace: boolean, type: number, k: number, ks: number, v: number, vs: number) => {
    const key = k >>> 0;
    const keyEnd = key + (ks >>> 0);
    const value = v >>> 0;
    const valueEnd = value + (vs >>> 0);
    if (!memory.has(keyEnd, 0) || !memory.has(valueEnd, 0)) return status.INVALID_MEMORY_ACCESS;
    const map = findMap(guest, type);
    if (map === null) return status.BAD_ARGUMENT;
    guest.charge(vs >>> 0);
    const { u8 } = memory;
    const name = guest.names.find(u8, key, keyEnd);
    let done = false;
    if (name === null) {
      done = replace
        ? map.set(u8, key, keyEnd, u8, value, valueEnd)
        : map.add(u8, key, keyEnd, u8, value, valueEnd);
    } else {
      done = replace
        ? map.setNamed(name, u8, value, valueEnd)
        : map.addNamed(name, u8, value, valueEnd);
    }
    return done ? status.OK : status.BAD_ARGUMENT;
  };
  return {
    proxy_add_header_map_value(type: number, k: number, ks: number, v: number, vs: number) {
      if (!guest.admit('proxy_add_header_map_value')) return status.INTERNAL_FAILURE;
      return edit(false, type, k, ks, v, vs);
    },
    proxy_replace_header_map_value(type: number, k: number, ks: number, v: number, vs: number) {
      if (!guest.admit('proxy_replace_header_map_value')) return status.INTERNAL_FAILURE;
      return edit(true, type, k, ks, v, vs);
    },
    proxy_remove_header_map_value(type: number, k: number, ks: number) {
      if (!guest.admit('proxy_remove_header_map_value')) return status.INTERNAL_FAILURE;
      const key = k >>> 0;
      const keyEnd = key + (ks >>> 0);
      if (!memory.has(keyEnd, 0)) return status.INVALID_MEMORY_ACCESS;
      const map = findMap(guest, type);
      if (map === null) return status.BAD_ARGUMENT;
      map.remove(memory.u8, key, keyEnd);
      return status.OK;
    },
    /** A malformed or impossible map changes nothing; the C++ host would clear all headers. */
    proxy_set_header_map_pairs(type: number, data: number, size: number) {
      if (!guest.admit('proxy_set_header_map_pairs')) return status.INTERNAL_FAILURE;
      const start = data >>> 0;
      const end = start + (size >>> 0);
      if (!memory.has(end, 0)) return status.INVALID_MEMORY_ACCESS;
      const map = findMap(guest, type);
      if (map === null) return status.BAD_ARGUMENT;
      guest.charge(size >>> 0);
      const pairs = decodePairs(memory.u8, start, end, guest.options.limits);
      return pairs !== null && map.setPairs(pairs) ? status.OK : status.BAD_ARGUMENT;
    },
  };
}

/** The map of that type for the stream or the callout at hand, null where there is none. */
export function findMap(guest: Guest, type: number): HeaderMap | null {
  if (type >>> 0 <= maps.RESPONSE_TRAILERS) {
    const { effects } = guest;
    return effects === null ? null : effects.headerMap(type);
  }
  if (guest.answer === null) return null;
  if (type === maps.HTTP_CALL_RESPONSE_HEADERS) return guest.answer.headers;
  return type === maps.HTTP_CALL_RESPONSE_TRAILERS ? guest.answer.trailers : null;
}
