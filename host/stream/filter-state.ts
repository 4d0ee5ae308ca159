import * as status from '@lateen/sdk/abi/status';
import type { ReadValue } from './properties.ts';

/** Reads what `proxy_set_property` wrote under a name (Envoy: filter state `wasm.<name>`). */
export function filterStateReader(name: string): ReadValue {
  return ({ stream }, sink) => {
    const value = stream.filters.filterState(name);
    return value === undefined ? status.NOT_FOUND : sink.bytes(value, 0, value.length);
  };
}
