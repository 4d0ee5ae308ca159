import * as maps from '../../abi/maps';
import { OK } from '../../abi/status';
import { lowerText } from '../bytes/ascii';
import { Bytes } from '../bytes/bytes';
import { utf8, utf8Size } from '../bytes/text';
import {
  proxy_add_header_map_value,
  proxy_get_header_map_pairs,
  proxy_get_header_map_value,
  proxy_remove_header_map_value,
  proxy_replace_header_map_value,
  proxy_set_header_map_pairs,
} from '../env';
import { OUT, OUT_SIZE } from './out';
import { encodePairs, PairReader, pairsSize } from './pairs';

/**
 * Headers as strings. A name is matched without regard to case by the host; a header that is
 * absent is null; nothing throws. Changes return false where the phase has no such headers or the
 * name or value is not valid.
 */
export class HeaderMap {
  readonly type: i32;

  constructor(type: i32) {
    this.type = type;
  }

  /** The first value, or null. */
  get(name: string): string | null {
    const key = utf8(name);
    store<u64>(OUT, 0);
    if (proxy_get_header_map_value(this.type, key, utf8Size, OUT, OUT_SIZE) !== OK) return null;
    return String.UTF8.decodeUnsafe(load<usize>(OUT), load<i32>(OUT_SIZE));
  }

  /** All values in order; empty where there is none. */
  getAll(name: string): Array<string> {
    const values: string[] = [];
    const wanted = Bytes.of(lowerText(name));
    const reader = new PairReader();
    if (!this.open(reader)) return values;
    while (reader.next()) {
      if (reader.name.equals(wanted)) values.push(reader.value.toString());
    }
    return values;
  }

  has(name: string): bool {
    const key = utf8(name);
    return proxy_get_header_map_value(this.type, key, utf8Size, OUT, OUT_SIZE) === OK;
  }

  /** Replaces all values of that name by one. */
  set(name: string, value: string): bool {
    const key = utf8(name);
    const size = utf8Size;
    const text = utf8(value);
    return proxy_replace_header_map_value(this.type, key, size, text, utf8Size) === OK;
  }

  /** Adds one more value. */
  add(name: string, value: string): bool {
    const key = utf8(name);
    const size = utf8Size;
    const text = utf8(value);
    return proxy_add_header_map_value(this.type, key, size, text, utf8Size) === OK;
  }

  /** Removes all values of that name. */
  remove(name: string): bool {
    const key = utf8(name);
    return proxy_remove_header_map_value(this.type, key, utf8Size) === OK;
  }

  /** Names and values by turns: `[name, value, name, value, ...]`. */
  pairs(): Array<string> {
    const result: string[] = [];
    const reader = new PairReader();
    if (!this.open(reader)) return result;
    while (reader.next()) {
      result.push(reader.name.toString());
      result.push(reader.value.toString());
    }
    return result;
  }

  /** Replaces everything by names and values by turns. */
  setPairs(pairs: Array<string>): bool {
    const encoded = encodePairs(pairs);
    return proxy_set_header_map_pairs(this.type, encoded, pairsSize) === OK;
  }

  private open(reader: PairReader): bool {
    store<u64>(OUT, 0);
    if (proxy_get_header_map_pairs(this.type, OUT, OUT_SIZE) !== OK) return false;
    reader.open(load<usize>(OUT), load<i32>(OUT_SIZE));
    return true;
  }
}

/** Of the request. */
export const requestHeaders = new HeaderMap(maps.REQUEST_HEADERS);
/** Of the request; there in `onRequestTrailers` and behind. */
export const requestTrailers = new HeaderMap(maps.REQUEST_TRAILERS);
/** Of the response. */
export const responseHeaders = new HeaderMap(maps.RESPONSE_HEADERS);
/** Of the response; there in `onResponseTrailers` and behind. */
export const responseTrailers = new HeaderMap(maps.RESPONSE_TRAILERS);
