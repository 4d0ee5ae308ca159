import { compileGuest } from '../proxy/guest.ts';

/** Callbacks in which the hostile plugin can be told to misbehave. */
export const CALLBACKS = [
  'proxy_on_context_create',
  'proxy_on_request_headers',
  'proxy_on_request_body',
  'proxy_on_response_headers',
  'proxy_on_response_body',
  'proxy_on_http_call_response',
  'proxy_on_tick',
  'proxy_on_done',
  'proxy_on_log',
  'proxy_on_delete',
] as const;

export type Callback = (typeof CALLBACKS)[number];

/**
 * `loop` and `bomb` wait in the callback `at` for a request with `x-arm`; `trap` and `flood` come
 * with every request.
 */
export interface HostileConfig {
  readonly at: Callback;
  readonly what: 'loop' | 'bomb' | 'trap' | 'flood';
}

/** Its configuration as spec lines of a WasmPlugin; another one makes another VM. */
export function hostileSpec({ at, what }: HostileConfig, failStrategy: string): readonly string[] {
  return [`failStrategy: ${failStrategy}`, `pluginConfig: {at: ${at}, what: ${what}}`];
}

export async function compileHostileGuest(): Promise<Uint8Array> {
  const cases = CALLBACKS.map((name) => `if (text.includes('"${name}"')) return '${name}';`);
  return await compileGuest(SOURCE.replace('CASES', cases.join('\n')));
}

const SOURCE = `
let where: string = '';
let what: string = '';
let armed: bool = false;
let count: i32 = 0;

function callbackIn(text: string): string {
  CASES
  return '';
}
export function proxy_on_configure(root: i32, size: i32): i32 {
  if (proxyBody(7, 0, size, OUT, OUT + 4) != 0) return 0;
  const text = String.UTF8.decodeUnsafe(load<usize>(OUT), load<i32>(OUT + 4));
  where = callbackIn(text);
  what = text.includes('loop') ? 'loop' : text.includes('bomb') ? 'bomb'
    : text.includes('trap') ? 'trap' : 'flood';
  if (where == 'proxy_on_tick') proxyTick(5);
  return where == '' ? 0 : 1;
}
function act(callback: string): void {
  if (callback != where) return;
  if (what == 'flood') for (let i = 0; i < 1000; i++) log('flood of a thousand lines');
  if (what == 'trap') unreachable();
  if (!armed) return;
  if (what == 'loop') while (true) count++;
  while (memory.grow(16) >= 0) count++;
  unreachable();
}
export function proxy_on_context_create(context: i32, parent: i32): void {
  act('proxy_on_context_create');
}
export function proxy_on_request_headers(context: i32, count: i32, end: i32): i32 {
  if (header(0, 'x-arm') != '') armed = true;
  act('proxy_on_request_headers');
  if (!armed || where != 'proxy_on_http_call_response') return 0;
  const name = ascii('outbound|80||other.default.svc.cluster.local');
  const head = pairs([':method', 'GET', ':path', '/asked', ':authority', 'other']);
  proxyCall(at(name), name.byteLength, at(head), head.byteLength, 0, 0, 0, 0, 2000, OUT);
  return 0;
}
export function proxy_on_request_body(context: i32, size: i32, end: i32): i32 {
  act('proxy_on_request_body');
  return 0;
}
export function proxy_on_response_headers(context: i32, count: i32, end: i32): i32 {
  act('proxy_on_response_headers');
  return 0;
}
export function proxy_on_response_body(context: i32, size: i32, end: i32): i32 {
  act('proxy_on_response_body');
  return 0;
}
export function proxy_on_http_call_response(
  root: i32, token: i32, headers: i32, body: i32, trailers: i32): void {
  act('proxy_on_http_call_response');
}
export function proxy_on_tick(root: i32): void { act('proxy_on_tick'); }
export function proxy_on_done(context: i32): i32 { act('proxy_on_done'); return 1; }
export function proxy_on_log(context: i32): void { act('proxy_on_log'); }
export function proxy_on_delete(context: i32): void { act('proxy_on_delete'); }
`;
