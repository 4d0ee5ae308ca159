import { Client, type ClientDuplexStream, credentials, Metadata } from '@grpc/grpc-js';
import type { Clock, Random, Timer } from '@lateen/sdk/base/clock';
import type { JsonObject } from '@lateen/sdk/base/json';
import type { Log } from '@lateen/sdk/base/log';
import type { XdsRegistry } from '@lateen/sdk/xds/registry';
import { adsService, type MethodDefinition } from '@lateen/sdk/xds/services';
import { DeltaSession } from './delta-session.ts';
import type { DiscoveryHandler, DiscoverySession, Interest } from './discovery-types.ts';
import { RESOURCE_TYPES, typeUrlOf } from './resources.ts';
import { type AcceptedVersions, SotwSession } from './sotw-session.ts';
import { TimeToLive } from './time-to-live.ts';

export interface DiscoveryClientOptions {
  readonly registry: XdsRegistry;
  readonly dialect: 'delta' | 'sotw';
  /** Path of the method; default: the aggregated service's. */
  readonly path?: string;
  /** gRPC targets (`10.0.0.1:15010`, `dns:///host:15010`), tried one after the other. */
  readonly targets: readonly string[];
  readonly metadata: readonly (readonly [name: string, value: string])[];
  readonly node: JsonObject;
  readonly handler: DiscoveryHandler;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly onConnected: (connected: boolean) => void;
}

const BACKOFF_MIN_MS = 500;
const BACKOFF_MAX_MS = 30_000;

/** A server that accepts and then says nothing, not even to a ping, is left after 30 s. */
const CHANNEL_OPTIONS = {
  'grpc.keepalive_time_ms': 20_000,
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.max_receive_message_length': 64 * 1024 * 1024,
  // The waiting between attempts is ours; a shared subchannel would add its own.
  'grpc.use_local_subchannel_pool': 1,
  'grpc.enable_retries': 0,
  // HTTP_PROXY is meant for applications; it may well point at this very process.
  'grpc.enable_http_proxy': 0,
};

type Stream = ClientDuplexStream<never, never>;

type State =
  | { readonly kind: 'waiting'; readonly timer: Timer }
  | {
      readonly kind: 'streaming';
      readonly client: Client;
      readonly stream: Stream;
      readonly session: DiscoverySession<never>;
      /** A response has come: the server is well. */
      proven: boolean;
    }
  | { readonly kind: 'closed' };

/**
 * Keeps a stream to a management server: asks for what is wanted, hands over what comes, and when
 * the stream ends begins again after a while. What is held stays in force meanwhile.
 */
export class DiscoveryClient {
  readonly #options: DiscoveryClientOptions;
  readonly #interests = new Map<string, Interest>();
  readonly #accepted: AcceptedVersions = new Map();
  readonly #ttl: TimeToLive;
  #state: State;
  #failures = 0;
  #attempts = 0;

  constructor(options: DiscoveryClientOptions) {
    this.#options = options;
    const { clock, handler } = options;
    this.#ttl = new TimeToLive(clock, (typeUrl, name) => {
      void handler.onUpdate(typeUrl, { set: new Map(), removed: [name], whole: false });
    });
    this.#state = { kind: 'waiting', timer: clock.setTimer(0, () => this.#connect()) };
  }

  /** Says what is wanted of a type; replaces what was wanted before. */
  want(typeUrl: string, interest: Interest): void {
    this.#interests.set(typeUrl, interest);
    if (this.#state.kind === 'streaming') this.#state.session.ask(typeUrl, interest);
  }

  close(): void {
    const state = this.#state;
    this.#state = { kind: 'closed' };
    this.#ttl.close();
    if (state.kind === 'waiting') state.timer.cancel();
    if (state.kind !== 'streaming') return;
    state.stream.cancel();
    state.client.close();
  }

  #connect(): void {
    const { targets, metadata } = this.#options;
    const target = targets[this.#attempts++ % targets.length]!;
    const client = new Client(target, credentials.createInsecure(), CHANNEL_OPTIONS);
    const headers = new Metadata();
    for (const [name, value] of metadata) headers.set(name, value);
    const method = this.#method();
    const stream: Stream = client.makeBidiStreamRequest(
      this.#options.path ?? method.path,
      method.requestSerialize as (value: never) => Buffer,
      method.responseDeserialize as (bytes: Buffer) => never,
      headers,
    );
    const session = this.#openSession(stream);
    this.#state = { kind: 'streaming', client, stream, session, proven: false };
    stream.on('data', (response: never) => this.#onResponse(stream, response));
    stream.on('error', (error: Error) => this.#onEnd(stream, error.message));
    stream.on('end', () => this.#onEnd(stream, 'the server ended the stream'));
    // Clusters first: what comes later builds on what came before.
    for (const type of RESOURCE_TYPES) {
      const interest = this.#interests.get(typeUrlOf(type));
      if (interest !== undefined) session.ask(typeUrlOf(type), interest);
    }
  }

  #method(): MethodDefinition<never, never> {
    const service = adsService(this.#options.registry);
    const method =
      this.#options.dialect === 'delta'
        ? service.DeltaAggregatedResources
        : service.StreamAggregatedResources;
    return method as MethodDefinition<never, never>;
  }

  #openSession(stream: Stream): DiscoverySession<never> {
    const { registry, node, handler, dialect } = this.#options;
    const send = (request: unknown) => {
      // A late answer to a response of an ended stream has nobody to hear it.
      if (this.#isCurrent(stream)) stream.write(request as never);
    };
    const options = { registry, node, handler, send };
    return dialect === 'delta'
      ? new DeltaSession(options, this.#ttl)
      : new SotwSession(options, this.#accepted);
  }

  #onResponse(stream: Stream, response: never): void {
    const state = this.#state;
    if (state.kind !== 'streaming' || state.stream !== stream) return;
    if (!state.proven) {
      state.proven = true;
      this.#failures = 0;
      this.#options.onConnected(true);
    }
    state.session.onResponse(response);
  }

  #onEnd(stream: Stream, reason: string): void {
    const state = this.#state;
    if (state.kind !== 'streaming' || state.stream !== stream) return;
    state.client.close();
    const delayMs = this.#backoff();
    const level = this.#failures === 1 ? 'warn' : 'debug';
    this.#options.log.write(level, 'discovery stream ended', { reason, delayMs });
    this.#options.onConnected(false);
    const timer = this.#options.clock.setTimer(delayMs, () => this.#connect());
    this.#state = { kind: 'waiting', timer };
  }

  /** Full jitter between the least wait and twice the last limit, so that no herd forms. */
  #backoff(): number {
    const limit = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** this.#failures);
    this.#failures++;
    return Math.round(BACKOFF_MIN_MS + this.#options.random() * (limit - BACKOFF_MIN_MS));
  }

  #isCurrent(stream: Stream): boolean {
    return this.#state.kind === 'streaming' && this.#state.stream === stream;
  }
}
