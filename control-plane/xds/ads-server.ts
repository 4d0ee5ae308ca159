import { timingSafeEqual } from 'node:crypto';
import {
  type handleBidiStreamingCall,
  logVerbosity,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServiceDefinition,
  setLogVerbosity,
  status,
} from '@grpc/grpc-js';
import type { Clock } from '@lateen/sdk/base/clock';
import type { Log } from '@lateen/sdk/base/log';
import { fail, ok, type Result } from '@lateen/sdk/base/result';
import type { Refusal } from './delivery.ts';
import { type DecodeMessage, type Dialect, decodeRequest, type XdsNode } from './request.ts';
import type { Snapshot } from './snapshot.ts';
import { AdsStream } from './stream.ts';

const STREAMS_MAX = 10_000;
const REQUEST_BYTES_MAX = 16 * 1024 * 1024;
const KEEPALIVE_MS = 30_000;
const SERVICE = '/envoy.service.discovery.v3.AggregatedDiscoveryService';

export interface AdsOptions {
  /** Loopback only: plaintext ADS carries configuration, and later secrets. */
  readonly address: string;
  /** 0 = a free one. */
  readonly port: number;
  /** Expected as `authorization: Bearer <token>`; undefined = none asked for. */
  readonly token: string | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly decode: DecodeMessage;
  /** What a proxy should have now. A failure refuses the proxy and is told to it. */
  readonly snapshotFor: (node: XdsNode) => Result<Snapshot>;
  readonly events: AdsEvents;
}

export interface AdsEvents {
  onConnect(proxy: ConnectedProxy): void;
  onDisconnect(proxy: ConnectedProxy): void;
  onAck(proxy: ConnectedProxy, typeUrl: string): void;
  onNack(proxy: ConnectedProxy, typeUrl: string, refusal: Refusal): void;
}

export interface ConnectedProxy {
  readonly stream: AdsStream;
  /** Wall clock, ms. */
  readonly since: number;
}

export interface AdsServer {
  readonly port: number;
  proxies(): readonly ConnectedProxy[];
  /** Brings every connected proxy up to date; calls during a push are merged into one more. */
  push(): Promise<void>;
  close(): Promise<void>;
}

type Call = ServerDuplexStream<Buffer, Buffer>;

export async function openAdsServer(options: AdsOptions): Promise<Result<AdsServer>> {
  if (!isLoopback(options.address)) return refused(options.address);
  // What goes wrong is told by results and events; the library's own lines would stand beside them.
  setLogVerbosity(logVerbosity.NONE);
  const proxies = new Set<ConnectedProxy>();
  const server = new Server({
    'grpc.max_receive_message_length': REQUEST_BYTES_MAX,
    'grpc.keepalive_time_ms': KEEPALIVE_MS,
    'grpc.keepalive_timeout_ms': 10_000,
  });
  server.addService(SERVICE_DEFINITION, {
    DeltaAggregatedResources: handler('delta', options, proxies),
    StreamAggregatedResources: handler('sotw', options, proxies),
  });
  const bound = await bind(server, `${hostOf(options.address)}:${options.port}`);
  if (!bound.ok) return bound;
  const push = merged(() => refreshAll(options, proxies));
  return ok({
    port: bound.value,
    proxies: () => [...proxies],
    push,
    close: async () => server.forceShutdown(),
  });
}

/** 127.0.0.0/8, ::1 and their name. */
export function isLoopback(address: string): boolean {
  return address === 'localhost' || address === '::1' || /^127(\.\d{1,3}){3}$/.test(address);
}

function handler(
  dialect: Dialect,
  options: AdsOptions,
  proxies: Set<ConnectedProxy>,
): handleBidiStreamingCall<Buffer, Buffer> {
  return (call: Call) => {
    if (!hasToken(call, options.token)) {
      end(call, status.UNAUTHENTICATED, 'ADS needs the token of this control plane');
      return;
    }
    if (proxies.size >= STREAMS_MAX) {
      end(call, status.RESOURCE_EXHAUSTED, `more than ${STREAMS_MAX} streams`);
      return;
    }
    serve(call, dialect, options, proxies);
  };
}

function serve(
  call: Call,
  dialect: Dialect,
  options: AdsOptions,
  proxies: Set<ConnectedProxy>,
): void {
  let proxy: ConnectedProxy | undefined;
  const leave = () => {
    if (proxy === undefined || !proxies.delete(proxy)) return;
    options.events.onDisconnect(proxy);
  };
  call.on('data', (bytes: Buffer) => {
    const decoded = decodeRequest(options.decode, dialect, bytes);
    if (!decoded.ok) return end(call, status.INVALID_ARGUMENT, decoded.error.message);
    if (proxy === undefined) {
      const opened = open(call, dialect, options, decoded.value.node);
      if (!opened.ok) return end(call, status.INVALID_ARGUMENT, opened.error.message);
      proxy = opened.value;
      proxies.add(proxy);
      options.events.onConnect(proxy);
    }
    const handled = proxy.stream.onRequest(decoded.value.request);
    if (!handled.ok) end(call, status.INVALID_ARGUMENT, handled.error.message);
  });
  call.on('drain', () => proxy?.stream.onDrain());
  call.on('end', () => {
    leave();
    call.end();
  });
  call.on('cancelled', leave);
  call.on('close', leave);
  call.on('error', leave);
}

function open(
  call: Call,
  dialect: Dialect,
  options: AdsOptions,
  node: XdsNode | undefined,
): Result<ConnectedProxy> {
  if (node === undefined || node.id === '') return refuse('the first request names no node');
  const snapshot = options.snapshotFor(node);
  if (!snapshot.ok) return snapshot;
  const stream = new AdsStream({
    dialect,
    node,
    snapshot: snapshot.value,
    clock: options.clock,
    write: (response) => call.write(response),
    events: {
      onAck: (typeUrl) => options.events.onAck(proxy, typeUrl),
      onNack: (typeUrl, refusal) => options.events.onNack(proxy, typeUrl, refusal),
    },
  });
  const proxy: ConnectedProxy = { stream, since: options.clock.wallTime() };
  return ok(proxy);
}

async function refreshAll(options: AdsOptions, proxies: Set<ConnectedProxy>): Promise<void> {
  for (const proxy of [...proxies]) {
    if (!proxies.has(proxy)) continue;
    const snapshot = options.snapshotFor(proxy.stream.node);
    if (snapshot.ok) proxy.stream.refresh(snapshot.value);
    else options.log.write('warn', snapshot.error.message, { node: proxy.stream.node.id });
    // Between two proxies others may speak: acknowledgements, the admin API.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Runs `task` never twice at a time; a call while it runs leads to exactly one more run. */
function merged(task: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  let again: Promise<void> | undefined;
  const run = (): Promise<void> => {
    running = task().finally(() => {
      running = undefined;
    });
    return running;
  };
  return () => {
    if (running === undefined) return run();
    again ??= running.then(() => {
      again = undefined;
      return run();
    });
    return again;
  };
}

function bind(server: Server, target: string): Promise<Result<number>> {
  return new Promise((resolve) => {
    server.bindAsync(target, ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(ok(port));
      else resolve(refuse(`cannot listen on ${target}: ${error.message}`));
    });
  });
}

function hasToken(call: Call, token: string | undefined): boolean {
  if (token === undefined) return true;
  const given = Buffer.from(String(call.metadata.get('authorization')[0] ?? ''));
  const wanted = Buffer.from(`Bearer ${token}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

function end(call: Call, code: status, details: string): void {
  call.emit('error', { code, details });
}

function hostOf(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

function refused(address: string): Result<AdsServer> {
  return refuse(`plaintext ADS listens on loopback only, not on ${address}`);
}

function refuse<T>(message: string): Result<T> {
  return fail({ level: 'error', code: 'LAT0611', message, origin: { resource: 'ADS' } });
}

/** Bytes in, bytes out: requests are decoded by the registry, responses are ready. */
function method(name: string): ServiceDefinition[string] {
  const same = (bytes: Buffer): Buffer => bytes;
  return {
    path: `${SERVICE}/${name}`,
    requestStream: true,
    responseStream: true,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  };
}

const SERVICE_DEFINITION: ServiceDefinition = {
  DeltaAggregatedResources: method('DeltaAggregatedResources'),
  StreamAggregatedResources: method('StreamAggregatedResources'),
};
