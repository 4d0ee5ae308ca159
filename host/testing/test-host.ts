import type { Random } from '@lateen/sdk/base/clock';
import type { JsonObject } from '@lateen/sdk/base/json';
import { formatProblem, type Problem } from '@lateen/sdk/base/problem';
import { SteppedClock } from '@lateen/sdk/base/stepped-clock';
import type { PluginLimits } from '@lateen/sdk/xds/plugin-limits';
import { openRegistry, type XdsRegistry } from '@lateen/sdk/xds/registry';
import type { FailurePolicy, Plugin } from '../filter/plugin.ts';
import { PluginPool, type PluginSpec } from '../filter/plugin-pool.ts';
import type { ConnectionInfo } from '../http/codec.ts';
import { HeaderMap } from '../http/header-map.ts';
import { HeaderMapPool } from '../http/header-map-pool.ts';
import { runAtOnce } from '../observe/steps.ts';
import { TimerWheel } from '../observe/timer-wheel.ts';
import { digestOf, takeApart } from '../server/served-parts.ts';
import { buildService, type RouteMessage, type ServiceLease } from '../stream/build-service.ts';
import { openCallouts } from '../stream/callouts.ts';
import { parseHcm } from '../stream/hcm-config.ts';
import { rootProperties } from '../stream/properties.ts';
import { openRequestIds } from '../stream/request-ids.ts';
import type { StreamServices } from '../stream/service.ts';
import { HttpStream } from '../stream/stream.ts';
import type { CompiledModule } from '../wasm/compiled-module.ts';
import { moduleLimits } from '../wasm/limits.ts';
import { compileModule } from '../wasm/module.ts';
import { createRegexes } from '../wasm/regexes.ts';
import { MemoryWriter, type SeenMessage } from './memory-message.ts';
import { MemoryLog, MemoryMetrics, MemorySinks } from './memory-services.ts';
import { MemoryShared } from './memory-shared.ts';
import { MemoryUpstream, type UpstreamScript } from './memory-upstream.ts';

/** A module under test. */
export interface TestModule {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Type URLs that it serves, as its manifest says. */
  readonly serves?: readonly string[];
  readonly trusted?: boolean;
  /** Its text, where it is not in the module: with it faults name places in the sources. */
  readonly sourceMap?: string | undefined;
}

/** One filter of the chain. */
export interface TestFilter {
  readonly name: string;
  /** The module's name. */
  readonly module: string;
  /** Plugin configuration; an object becomes JSON text. */
  readonly configuration?: JsonObject | string;
  readonly failurePolicy?: FailurePolicy;
  /** As in the plugin's resource; fuel counts for modules that are not trusted. */
  readonly limits?: PluginLimits;
}

export interface TestHostOptions {
  readonly modules: readonly TestModule[];
  readonly filters: readonly TestFilter[];
  /** Modules that only log. */
  readonly loggers?: readonly TestFilter[];
  /** Canonical JSON of a RouteConfiguration. */
  readonly routes?: JsonObject;
  /** Further fields of the HttpConnectionManager, canonical JSON. */
  readonly hcm?: JsonObject;
  readonly node?: JsonObject;
  readonly connection?: Partial<ConnectionInfo>;
  /** Of the listener; inbound unless said otherwise. */
  readonly direction?: 'inbound' | 'outbound';
  readonly random?: Random;
  readonly bufferBytesMax?: number;
  readonly upstream?: UpstreamScript;
}

export interface TestRequest {
  readonly method?: string;
  readonly path?: string;
  readonly authority?: string;
  readonly headers?: readonly (readonly [string, string])[];
  /** Chunks in order; absent = no body. */
  readonly body?: readonly string[];
}

/** A request on its way. `response.ended` tells whether the answer is complete. */
export interface TestExchange {
  readonly stream: HttpStream;
  readonly writer: MemoryWriter;
  readonly response: SeenMessage;
}

const CONNECTION: ConnectionInfo = {
  id: 1,
  remoteAddress: '10.0.0.2:40000',
  localAddress: '10.0.0.3:8080',
  tlsVersion: '',
  requestedServerName: '',
  mtls: false,
  uriSanPeerCertificate: '',
  uriSanLocalCertificate: '',
};

/**
 * The real host code with a stepped clock and in-memory connections: what a module does here, it
 * does in production. `open` throws where a module or a configuration is refused.
 */
export class TestHost {
  readonly clock = new SteppedClock();
  readonly log = new MemoryLog();
  readonly metrics = new MemoryMetrics();
  readonly sinks = new MemorySinks();
  /** Shared data and queues; expiry follows the clock, and each step of it tells of items. */
  readonly shared = new MemoryShared(this.clock);
  readonly upstream: MemoryUpstream;
  readonly pool: PluginPool;
  readonly #services: StreamServices;
  readonly #connection: ConnectionInfo;
  #lease: ServiceLease | null = null;

  static async open(options: TestHostOptions): Promise<TestHost> {
    const compiled = await Promise.all(options.modules.map(compile));
    const host = new TestHost(options);
    for (const module of compiled) host.pool.addModule(module);
    host.#lease = host.#build(options, compiled);
    return host;
  }

  private constructor(options: TestHostOptions) {
    const random = options.random ?? (() => 0.5);
    this.upstream = new MemoryUpstream(options.upstream ?? { answer: () => ({ status: 200 }) });
    this.#connection = { ...CONNECTION, ...options.connection };
    this.pool = new PluginPool({
      clock: this.clock,
      random,
      log: this.log,
      callouts: openCallouts(this.upstream, this.clock),
      metrics: this.metrics,
      sharedData: this.shared.store,
      sinks: this.sinks,
      regexes: createRegexes(),
      rootProperties: rootProperties(options.node ?? {}),
    });
    this.#services = {
      clock: this.clock,
      wheel: new TimerWheel(this.clock),
      random,
      clusters: this.upstream,
      node: options.node ?? {},
      requestIds: openRequestIds(),
      maps: new HeaderMapPool(),
      stats: { started: () => {}, finished: () => {} },
    };
  }

  /** Plays a request in and returns what became of it so far; step the clock for the rest. */
  request(request: TestRequest = {}): TestExchange {
    const exchange = this.begin(request);
    const body = request.body ?? [];
    body.forEach((chunk, index) => {
      exchange.stream.onData(Buffer.from(chunk), index === body.length - 1);
    });
    return exchange;
  }

  /** Only the head; the test plays the body through `stream.onData`. */
  begin(request: TestRequest = {}): TestExchange {
    const writer = new MemoryWriter();
    const service = (this.#lease as ServiceLease).service;
    const stream = new HttpStream(service, this.#services, {
      writer,
      connection: this.#connection,
      onEnd: () => {},
    });
    const head = HeaderMap.fromPairs([
      [':method', request.method ?? 'GET'],
      [':scheme', 'http'],
      [':authority', request.authority ?? 'example.com'],
      [':path', request.path ?? '/'],
      ...(request.headers ?? []).map(([name, value]) => [name, value] as [string, string]),
    ]);
    stream.onHead(head, (request.body ?? []).length === 0);
    return { stream, writer, response: writer.seen };
  }

  /** The plugin of a filter: memory, usage, faults. Throws where there is none of the name. */
  plugin(name: string): Plugin {
    const found = [...this.pool.plugins].find((plugin) => plugin.name === name);
    if (found === undefined) throw new Error(`no filter named ${name}`);
    return found;
  }

  close(): void {
    this.#lease?.release();
    this.#lease = null;
  }

  #build(options: TestHostOptions, compiled: readonly CompiledModule[]): ServiceLease {
    const spec = (filter: TestFilter) => specOf(filter, compiled);
    const parsed = parseHcm(options.hcm ?? {}, 'test');
    const routes = routesOf(options, spec);
    const steps = buildService(
      {
        hcm: parsed.value,
        filters: options.filters.map((f) => ({ name: f.name, plugin: spec(f), path: null })),
        loggers: (options.loggers ?? []).map(spec),
        routes,
        listener: {
          name: 'test',
          filterChainName: 'test',
          direction: options.direction === 'outbound' ? 2 : 1,
          metadata: {},
          port: 80,
        },
        bufferBytesMax: options.bufferBytesMax ?? 1024 * 1024,
        place: { resource: 'test', path: '' },
        routesPlace: { resource: routes.name, path: '' },
      },
      this.pool,
    );
    const built = runAtOnce(steps);
    if (!built.ok) throw new TestHostError([built.error]);
    return built.value;
  }
}

/** What refused to start. */
export class TestHostError extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join('\n'));
    this.name = 'TestHostError';
    this.problems = problems;
  }
}

async function compile(module: TestModule): Promise<CompiledModule> {
  const compiled = await compileModule({
    name: module.name,
    bytes: module.bytes,
    trusted: module.trusted ?? true,
    limits: moduleLimits(module.trusted ?? true),
    readSourceMap: async () => module.sourceMap ?? null,
  });
  if (!compiled.ok) throw new TestHostError([compiled.error]);
  return compiled.value;
}

function specOf(filter: TestFilter, compiled: readonly CompiledModule[]): PluginSpec {
  const module = compiled.find((known) => known.name === filter.module);
  if (module === undefined) throw new Error(`no module named ${filter.module}`);
  const given = filter.configuration ?? '';
  const configuration = typeof given === 'string' ? given : JSON.stringify(given);
  return {
    key: digestOf(`${module.digest} ${filter.name} ${configuration}`),
    name: filter.name,
    rootId: filter.name,
    vmId: '',
    module: module.key,
    vmConfiguration: '',
    configuration,
    environment: {},
    failurePolicy: filter.failurePolicy ?? 'closed',
    limits: filter.limits ?? {},
    reloadIntervalMs: null,
    capabilities: [],
  };
}

function routesOf(
  options: TestHostOptions,
  spec: (filter: TestFilter) => PluginSpec,
): RouteMessage {
  registry ??= openRegistry();
  const servedBy = (typeUrl: string): PluginSpec | undefined => {
    const module = options.modules.find((known) => known.serves?.includes(typeUrl) === true);
    if (module === undefined) return undefined;
    return spec(
      options.filters.find((filter) => filter.module === module.name) ?? {
        name: module.name,
        module: module.name,
      },
    );
  };
  const apart = takeApart(options.routes ?? {}, registry.types, servedBy);
  if (apart.problems.length > 0) throw new TestHostError(apart.problems);
  return apart.value;
}

/** Made on first use: 40 ms that most test files do not need twice. */
let registry: XdsRegistry | null = null;
