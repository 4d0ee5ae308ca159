/** An export of a module; parameters are i32, missing ones are ignored by the engine. */
export type GuestFunction = (
  a: number,
  b: number,
  c: number,
  d: number,
  e: number,
) => number | undefined;

/**
 * The exports that the host may call, by our name for them; their wasm signatures as
 * `parameters>results`, `i` = i32. Where there are several, the first is of ABI 0.2, others older.
 */
export const CALLBACKS = {
  onContextCreate: ['proxy_on_context_create', 'ii>'],
  onVmStart: ['proxy_on_vm_start', 'ii>i'],
  onConfigure: ['proxy_on_configure', 'ii>i'],
  onTick: ['proxy_on_tick', 'i>'],
  onRequestHeaders: ['proxy_on_request_headers', 'iii>i', 'ii>i'],
  onRequestBody: ['proxy_on_request_body', 'iii>i'],
  onRequestTrailers: ['proxy_on_request_trailers', 'ii>i'],
  onResponseHeaders: ['proxy_on_response_headers', 'iii>i', 'ii>i'],
  onResponseBody: ['proxy_on_response_body', 'iii>i'],
  onResponseTrailers: ['proxy_on_response_trailers', 'ii>i'],
  onHttpCallResponse: ['proxy_on_http_call_response', 'iiiii>'],
  onQueueReady: ['proxy_on_queue_ready', 'ii>'],
  onDone: ['proxy_on_done', 'i>i'],
  onLog: ['proxy_on_log', 'i>'],
  onDelete: ['proxy_on_delete', 'i>'],
  onConfig: ['lateen_on_config', 'iii>i'],
  onConfigDelete: ['lateen_on_config_delete', 'ii>'],
  onRoute: ['lateen_on_route', 'ii>i'],
  onRouteConfig: ['lateen_on_route_config', 'ii>'],
  onAttempt: ['lateen_on_attempt', 'iii>i'],
  onTimer: ['lateen_on_timer', 'i>'],
  onStreamLog: ['lateen_on_stream_log', 'i>'],
} as const satisfies Record<string, readonly [string, ...string[]]>;

export type CallbackName = keyof typeof CALLBACKS;

/** Which callbacks a module has; phases without one are skipped by the chain. */
export type GuestCallbacks = { readonly [name in CallbackName]: boolean };

/** The callbacks themselves, null where the module has none. */
export type GuestFunctions = { readonly [name in CallbackName]: GuestFunction | null };

const NAMES = Object.keys(CALLBACKS) as CallbackName[];

/** What a module is called for while a stream is on its way, or with a context of it at its end. */
const OF_STREAMS: readonly CallbackName[] = [
  'onRequestHeaders',
  'onRequestBody',
  'onRequestTrailers',
  'onResponseHeaders',
  'onResponseBody',
  'onResponseTrailers',
  'onLog',
  'onConfig',
  'onRoute',
  'onRouteConfig',
  'onAttempt',
  'onTimer',
];

/** Whether a module hears of a stream once, when it is over, and of nothing else about it. */
export function onlyLogs(has: GuestCallbacks): boolean {
  return has.onStreamLog && !OF_STREAMS.some((name) => has[name]);
}

/** `capabilities` names those that may be called; empty = all. */
export function listCallbacks(
  exports: ReadonlySet<string>,
  capabilities: readonly string[],
): GuestCallbacks {
  const entries = NAMES.map((name) => {
    const exported = CALLBACKS[name][0];
    return [name, exports.has(exported) && isAllowed(exported, capabilities)];
  });
  return Object.fromEntries(entries) as GuestCallbacks;
}

export function bindCallbacks(
  exports: WebAssembly.Exports,
  capabilities: readonly string[],
): GuestFunctions {
  const entries = NAMES.map((name) => {
    const exported = CALLBACKS[name][0];
    return [name, isAllowed(exported, capabilities) ? (exports[exported] ?? null) : null];
  });
  return Object.fromEntries(entries) as GuestFunctions;
}

function isAllowed(exported: string, capabilities: readonly string[]): boolean {
  return capabilities.length === 0 || capabilities.includes(exported);
}

/** Before a module is instantiated. */
export const NO_FUNCTIONS: GuestFunctions = bindCallbacks({}, []);
