import * as status from '@lateen/sdk/abi/status';
import { ascii } from '@lateen/sdk/base/bytes';
import type { HeaderMap } from '../../http/header-map.ts';
import type { PropertySink } from '../effects.ts';
import type { Guest } from '../guest.ts';
import { encodeHeaders, headersSize } from '../pairs.ts';
import type { HostFunctions } from './host-functions.ts';

/** Properties of the stream, the plugin and the node, in Envoy's encodings. */
export function propertyFunctions(guest: Guest): HostFunctions {
  const { memory } = guest;
  const sink = new GuestSink(guest);
  return {
    proxy_get_property(path: number, pathSize: number, out: number, outSize: number) {
      if (!guest.admit('proxy_get_property')) return status.INTERNAL_FAILURE;
      guest.chargeCostly();
      const start = path >>> 0;
      const end = start + (pathSize >>> 0);
      if (!memory.has(end, 0)) return status.INVALID_MEMORY_ACCESS;
      sink.target(out >>> 0, outSize >>> 0);
      const { effects } = guest;
      if (effects !== null) return effects.readProperty(memory.u8, start, end, sink);
      return readRootProperty(guest, start, end, sink);
    },
    proxy_set_property(path: number, pathSize: number, value: number, valueSize: number) {
      if (!guest.admit('proxy_set_property')) return status.INTERNAL_FAILURE;
      const at = value >>> 0;
      const size = valueSize >>> 0;
      if (!memory.has(path >>> 0, pathSize >>> 0) || !memory.has(at, size)) {
        return status.INVALID_MEMORY_ACCESS;
      }
      const { effects } = guest;
      if (effects === null) return status.NOT_FOUND;
      const { propertyBytesMax } = guest.options.limits;
      if (size > propertyBytesMax || pathSize >>> 0 > propertyBytesMax) return status.BAD_ARGUMENT;
      guest.charge(size);
      guest.chargeCostly();
      return effects.writeProperty(memory.utf8(path >>> 0, pathSize >>> 0), memory.copy(at, size));
    },
  };
}

const PLUGIN_NAME = ascii('plugin_name');
const PLUGIN_ROOT_ID = ascii('plugin_root_id');
const PLUGIN_VM_ID = ascii('plugin_vm_id');

/** Some SDKs find their root factory by `plugin_root_id`, before there is any stream. */
function readRootProperty(guest: Guest, start: number, end: number, sink: GuestSink): number {
  const { root, memory, services, options } = guest;
  const is = (name: Uint8Array) => sameBytes(memory.u8, start, end, name);
  if (is(PLUGIN_ROOT_ID)) return sink.text(root?.rootId ?? '');
  if (is(PLUGIN_NAME)) return sink.text(root?.pluginName ?? '');
  if (is(PLUGIN_VM_ID)) return sink.text(options.vmId);
  return services.rootProperties?.readProperty(memory.u8, start, end, sink) ?? status.NOT_FOUND;
}

/** Some SDKs end the path with the separator. */
function sameBytes(source: Uint8Array, start: number, end: number, name: Uint8Array): boolean {
  const stop = end > start && source[end - 1] === 0 ? end - 1 : end;
  if (stop - start !== name.length) return false;
  for (let i = 0; i < name.length; i++) if (source[start + i] !== name[i]) return false;
  return true;
}

/** Writes one value straight into the guest's memory; made once per VM. */
class GuestSink implements PropertySink {
  readonly #guest: Guest;
  #out = 0;
  #outSize = 0;

  constructor(guest: Guest) {
    this.#guest = guest;
  }

  target(out: number, outSize: number): void {
    this.#out = out;
    this.#outSize = outSize;
  }

  bytes(source: Uint8Array, start: number, end: number): number {
    const given = this.#guest.give(source, start, end, this.#out, this.#outSize);
    return given ? status.OK : status.INVALID_MEMORY_ACCESS;
  }

  text(value: string): number {
    for (let i = 0; i < value.length; i++) if (value.charCodeAt(i) > 0x7f) return this.#utf8(value);
    const address = this.#room(value.length);
    if (address < 0) return status.INVALID_MEMORY_ACCESS;
    const { u8 } = this.#guest.memory;
    for (let i = 0; i < value.length; i++) u8[address + i] = value.charCodeAt(i);
    return status.OK;
  }

  int64(value: number): number {
    const address = this.#room(8);
    if (address < 0) return status.INVALID_MEMORY_ACCESS;
    const { view } = this.#guest.memory;
    const whole = Math.trunc(value);
    // Two's complement of a number that a double holds exactly.
    view.setUint32(address, whole >>> 0, true);
    view.setInt32(address + 4, Math.floor(whole / 0x1_0000_0000), true);
    return status.OK;
  }

  double(value: number): number {
    const address = this.#room(8);
    if (address < 0) return status.INVALID_MEMORY_ACCESS;
    this.#guest.memory.view.setFloat64(address, value, true);
    return status.OK;
  }

  boolean(value: boolean): number {
    const address = this.#room(1);
    if (address < 0) return status.INVALID_MEMORY_ACCESS;
    this.#guest.memory.u8[address] = value ? 1 : 0;
    return status.OK;
  }

  pairs(map: HeaderMap): number {
    const size = map.count === 0 ? 0 : headersSize(map);
    const address = this.#room(size);
    if (address < 0) return status.INVALID_MEMORY_ACCESS;
    if (size > 0) encodeHeaders(map, this.#guest.memory.u8, address);
    return status.OK;
  }

  #utf8(value: string): number {
    const bytes = Buffer.from(value);
    return this.bytes(bytes, 0, bytes.length);
  }

  #room(size: number): number {
    return this.#guest.allocateFor(size, this.#out, this.#outSize);
  }
}
