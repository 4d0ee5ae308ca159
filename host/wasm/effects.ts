import type { BodyBuffer } from '../http/body-buffer.ts';
import type { HeaderMap } from '../http/header-map.ts';

/**
 * What a module may ask of the stream it is called for. The stream implements it; the host calls
 * in `imports/` turn guest pointers into these calls. Whatever would re-enter a module (continue,
 * close, local reply, callout answers) is only noted here and done after the module has returned.
 */
export interface StreamEffects {
  /** The map for a MapType of ABI 0.2.1 (0-3), or null where the phase has none. */
  headerMap(mapType: number): HeaderMap | null;
  /** The buffer for BufferType 0-3, or null where the phase has none. */
  bodyBuffer(bufferType: number): BodyBuffer | null;
  /** Notes a local reply; returns a proxy-wasm status. `headers` are the extra ones. */
  sendLocalReply(reply: LocalReply): number;
  /** Resumes a paused half (StreamType 0-3); returns a proxy-wasm status. */
  continueStream(streamType: number): number;
  closeStream(streamType: number): number;
  /** Writes the value at `path` (segments joined by NUL) into `sink`; a proxy-wasm status. */
  readProperty(path: Uint8Array, start: number, end: number, sink: PropertySink): number;
  /** The same for a path that is read for every stream. */
  readPropertyAt(path: PropertyPath, sink: PropertySink): number;
  /** Filter state `wasm.<path>`; both byte arrays are the callee's to keep. */
  writeProperty(path: string, value: Uint8Array): number;
  clearRouteCache(): void;
  /** Each attempt goes out with its host's name as `:authority`. */
  rewriteHostPerAttempt(): void;
  /** Adds Envoy response flags (bits of `RESPONSE_FLAG_*` in sdk/abi/extensions.ts). */
  addResponseFlags(bits: number): void;
  /** One timer per stream and module: after `delayMs` the guest's `lateen_on_timer` is called. */
  setTimer(contextId: number, delayMs: number): void;
  /** The stream's random value: the same each time, an integer below 2^53. */
  randomValue(): number;
  /**
   * A callback of the root context (a tick, the answer to a callout) that acted on this stream
   * has returned: what it asked for is to be done now. Callbacks of the stream itself end without.
   */
  settle(): void;
}

export interface LocalReply {
  readonly status: number;
  readonly details: string;
  readonly body: Uint8Array;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** -1 = not set. */
  readonly grpcStatus: number;
}

/** A path that is read again and again; whoever looks it up keeps with it what it leads to. */
export class PropertyPath {
  /** Segments joined by NUL. */
  readonly bytes: Uint8Array;
  reader: unknown = null;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

/** Takes one property value, in Envoy's encodings (proxy-wasm.md 2.1). */
export interface PropertySink {
  bytes(source: Uint8Array, start: number, end: number): number;
  text(value: string): number;
  int64(value: number): number;
  double(value: number): number;
  boolean(value: boolean): number;
  pairs(map: HeaderMap): number;
}

/** HTTP callouts of a root context; the upstream side implements it. */
export interface Callouts {
  /** Starts a call and returns its token, or a negative proxy-wasm status. */
  start(call: HttpCall, done: (answer: HttpCallAnswer) => void): CalloutHandle | number;
}

export interface CalloutHandle {
  cancel(): void;
}

export interface HttpCall {
  readonly cluster: string;
  readonly headers: HeaderMap;
  readonly body: Uint8Array;
  readonly trailers: HeaderMap;
  /** 0 = none. */
  readonly timeoutMs: number;
}

export interface HttpCallAnswer {
  /** null = failed; `detail` says why. */
  readonly headers: HeaderMap | null;
  readonly body: BodyBuffer;
  readonly trailers: HeaderMap | null;
  readonly detail: string;
}

/** What a VM needs of the process around it; one per worker. */
export interface VmServices {
  readonly clock: import('@lateen/sdk/base/clock').Clock;
  readonly random: import('@lateen/sdk/base/clock').Random;
  readonly log: import('@lateen/sdk/base/log').Log;
  readonly callouts: Callouts;
  readonly metrics: MetricSlots;
  readonly sharedData: SharedStore;
  readonly sinks: WriteSinks;
  readonly regexes: Regexes;
  /** What a root context may read: `node`, `listener_direction`, ...; paths as for streams. */
  readonly rootProperties?: RootProperties;
}

export interface RootProperties {
  readProperty(path: Uint8Array, start: number, end: number, sink: PropertySink): number;
}

/** Metrics by name; ids are positive and stable within the worker. MetricType of the ABI. */
export interface MetricSlots {
  define(metricType: number, name: string): number;
  increment(id: number, delta: number): number;
  record(id: number, value: number): number;
  /** The value, or null where the id is unknown or a histogram. */
  read(id: number): number | null;
}

/** What one plugin may add to what it shares; beneath the limits of all. */
export interface SharedCaps {
  readonly sharedDataBytesMax: number;
  readonly queueItemsMax: number;
}

/** Shared data and shared queues of the process, as one thread sees them. */
export interface SharedStore {
  /** Everything of a VM id. It stays there until whoever opened it, in any thread, has closed. */
  open(vmId: string, caps?: SharedCaps): SharedSpace;
}

/**
 * Shared data and queues of one VM id. `at` says which key (or name of a queue) the next call is
 * about. Calls return a proxy-wasm status, INTERNAL_FAILURE where a limit stands in the way;
 * `refusal` says which. What they read stands in the first `size` bytes of `value` until the next
 * call.
 */
export interface SharedSpace {
  readonly value: Uint8Array;
  readonly size: number;
  /** The token of what `get` found; never 0. */
  readonly cas: number;
  readonly refusal: string;
  at(source: Uint8Array, start: number, end: number): void;
  get(): number;
  /**
   * Sets the value to bytes of the same source as the key. `cas` 0 = whatever stands there,
   * 0xffffffff = only where nothing does; any other one succeeds on a key that is missing, as in
   * proxy-wasm's C++ host. `ttlMs` 0 = for ever.
   */
  set(start: number, end: number, cas: number, ttlMs: number): number;
  remove(cas: number): number;
  has(): number;
  /**
   * Adds to a counter, 8 bytes little-endian, and reads it. `ttlMs` counts where it begins at 0.
   * BAD_ARGUMENT where something else stands there, or where the sum has no room in 64 bits.
   */
  add(delta: bigint, ttlMs: number): number;
  /**
   * Reads about `limit` keys that begin with the key at hand: a u32 to go on with (0 = that was
   * all), then each as u32 size and bytes. A key that is there all the while is read exactly once.
   */
  list(cursor: number, limit: number): number;
  /** The id of the queue, made if need be; the reader hears of its items. 0 = refused. */
  register(reader: QueueReader): number;
  /** The id of the queue of a VM id (empty = this one), 0 = there is none. */
  resolve(vmId: Uint8Array): number;
  enqueue(id: number, source: Uint8Array, start: number, end: number): number;
  /** Reads and removes the oldest item; EMPTY where there is none. */
  dequeue(id: number): number;
  /** The reader hears of no queue any more. */
  forget(reader: QueueReader): void;
  close(): void;
}

/** Hears of items in queues: once for each, never inside another callback. */
export interface QueueReader {
  /** False where it cannot be told any more. */
  queueReady(id: number): boolean;
}

/** Buffered files and stdout that modules append lines to. */
export interface WriteSinks {
  /** Opens (or shares) the sink for a path; `/dev/stdout` and `/dev/stderr` are streams. */
  open(path: string): number;
  /** Copies the bytes; false where the sink was full and the bytes were dropped and counted. */
  write(id: number, source: Uint8Array, start: number, end: number): boolean;
}

/** Linear-time regular expressions (RE2 syntax); ids are positive. */
export interface Regexes {
  /** The id, or the reason why the pattern is refused. */
  compile(pattern: string): number | string;
  /** Whether the whole of the bytes matches. */
  fullMatch(id: number, source: Uint8Array, start: number, end: number): boolean;
  /** The text with every match replaced (RE2 rewrite syntax, `\1`); null where that is too long. */
  replaceAll(id: number, source: string, rewrite: string): string | null;
}
