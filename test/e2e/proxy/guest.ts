import { compileModuleSource } from '../../kit/assembly.ts';
import type { ConfigObject } from '../../kit/envoy-config.ts';

/** A filter in plain AssemblyScript on top of the host calls; see the prelude for what is there. */
export function compileGuest(source: string): Promise<Uint8Array> {
  return compileModuleSource(PRELUDE + source);
}

/** Host calls take (address, length); `ascii` gives both for a literal. */
const PRELUDE = `
@external("env", "proxy_log")
declare function proxyLog(level: i32, at: usize, size: i32): i32;
@external("env", "proxy_add_header_map_value")
declare function proxyAdd(map: i32, k: usize, ks: i32, v: usize, vs: i32): i32;
@external("env", "proxy_get_header_map_value")
declare function proxyGet(map: i32, k: usize, ks: i32, out: usize, size: usize): i32;
@external("env", "proxy_get_buffer_bytes")
declare function proxyBody(type: i32, start: i32, max: i32, out: usize, size: usize): i32;
@external("env", "proxy_set_buffer_bytes")
declare function proxySetBody(type: i32, start: i32, size: i32, at: usize, length: i32): i32;
@external("env", "proxy_remove_header_map_value")
declare function proxyRemove(map: i32, k: usize, ks: i32): i32;
@external("env", "proxy_send_local_response")
declare function proxyReply(
  code: i32, d: usize, ds: i32, b: usize, bs: i32, h: usize, hs: i32, grpc: i32): i32;
@external("env", "proxy_continue_stream")
declare function proxyContinue(type: i32): i32;
@external("env", "proxy_set_effective_context")
declare function proxyEffective(id: i32): i32;
@external("env", "proxy_set_tick_period_milliseconds")
declare function proxyTick(ms: i32): i32;
@external("env", "proxy_get_shared_data")
declare function proxyShared(k: usize, ks: i32, out: usize, size: usize, cas: usize): i32;
@external("env", "proxy_set_shared_data")
declare function proxySetShared(k: usize, ks: i32, v: usize, vs: i32, cas: i32): i32;
@external("env", "proxy_http_call")
declare function proxyCall(
  u: usize, us: i32, h: usize, hs: i32, b: usize, bs: i32, t: usize, ts: i32, ms: i32,
  out: usize): i32;

const OUT: usize = memory.data(16);
function ascii(text: string): ArrayBuffer { return String.UTF8.encode(text); }
function at(bytes: ArrayBuffer): usize { return changetype<usize>(bytes); }
function log(text: string): void {
  const t = ascii(text);
  proxyLog(4, at(t), t.byteLength);
}
function addHeader(map: i32, name: string, value: string): void {
  const n = ascii(name);
  const v = ascii(value);
  proxyAdd(map, at(n), n.byteLength, at(v), v.byteLength);
}
function removeHeader(map: i32, name: string): void {
  const n = ascii(name);
  proxyRemove(map, at(n), n.byteLength);
}
/** '' where there is none. */
function header(map: i32, name: string): string {
  const n = ascii(name);
  if (proxyGet(map, at(n), n.byteLength, OUT, OUT + 4) != 0) return '';
  return String.UTF8.decodeUnsafe(load<usize>(OUT), load<i32>(OUT + 4));
}
function reply(status: i32, body: string): void {
  const b = ascii(body);
  proxyReply(status, 0, 0, at(b), b.byteLength, 0, 0, -1);
}
/** Serialized pairs, names and values in turn. */
function pairs(items: string[]): ArrayBuffer {
  let size = 4 + items.length * 4;
  for (let i = 0; i < items.length; i++) size += items[i].length + 1;
  const out = new ArrayBuffer(size);
  let cursor = at(out) + 4 + items.length * 4;
  store<u32>(at(out), items.length / 2);
  for (let i = 0; i < items.length; i++) {
    const text = ascii(items[i]);
    store<u32>(at(out) + 4 + i * 4, text.byteLength);
    memory.copy(cursor, at(text), text.byteLength);
    cursor += text.byteLength + 1;
  }
  return out;
}
`;

export interface WasmFilterOptions {
  readonly name: string;
  /** Path of the module; or `bytes`. */
  readonly file?: string;
  readonly bytes?: Uint8Array;
  readonly failurePolicy?: 'FAIL_OPEN' | 'FAIL_CLOSED' | 'FAIL_RELOAD';
  readonly configuration?: string;
}

/** A filter of the chain as Envoy's users write it: `envoy.filters.http.wasm`. */
export function wasmFilter(options: WasmFilterOptions): ConfigObject {
  const { name, file, bytes, failurePolicy, configuration } = options;
  const local =
    bytes === undefined
      ? { filename: file }
      : { inline_bytes: Buffer.from(bytes).toString('base64') };
  const text = { '@type': 'type.googleapis.com/google.protobuf.StringValue', value: configuration };
  return {
    name: 'envoy.filters.http.wasm',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm',
      config: {
        name,
        root_id: name,
        ...(configuration === undefined ? {} : { configuration: text }),
        ...(failurePolicy === undefined ? {} : { failure_policy: failurePolicy }),
        vm_config: { vm_id: name, runtime: 'envoy.wasm.runtime.v8', code: { local } },
      },
    },
  };
}
