import { join } from 'node:path';
import type { Clock } from '@lateen/sdk/base/clock';
import type { Log } from '@lateen/sdk/base/log';
import { formatProblem, type Problem } from '@lateen/sdk/base/problem';
import { ok, type Result } from '@lateen/sdk/base/result';
import { openRegistry, type XdsRegistry } from '@lateen/sdk/xds/registry';
import { type AdminServer, openAdminServer } from './admin/server.ts';
import { openToken } from './admin/token.ts';
import { Engine } from './engine.ts';
import { FETCH_LIMITS } from './modules/limits.ts';
import { ModuleMetrics } from './modules/metrics.ts';
import type { DockerConfig } from './modules/oci/credentials.ts';
import { ModulePipeline } from './modules/pipeline.ts';
import { openRecords, type Records } from './modules/records.ts';
import { TRUST_ALL, type TrustPolicy } from './modules/signature/trust.ts';
import { type ModuleStore, openModuleStore } from './modules/store.ts';
import { PlaneBackend } from './plane-backend.ts';
import { type FileSource, openFileSource } from './source/file-source.ts';
import { openStore, type ResourceStore } from './source/store.ts';
import { extensionOf } from './status/blame.ts';
import { History } from './status/history.ts';
import { proxyName } from './status/proxy-status.ts';
import { about } from './status/refusals.ts';
import { type AdsServer, type ConnectedProxy, openAdsServer } from './xds/ads-server.ts';
import type { Refusal } from './xds/delivery.ts';
import { resourcesOf } from './xds/snapshot.ts';
import { EXTENSION_TYPE, LISTENER_TYPE, SHORT_NAMES } from './xds/type-urls.ts';

/** How long the first proxies wait for plugins that are being fetched. */
const FIRST_MODULES_MS = 3_000;

/** What the operator says about modules of others; the default trusts everybody and insists on TLS. */
export interface ModuleSettings {
  readonly trust: TrustPolicy;
  readonly insecureRegistries: readonly string[];
  /** Credentials for plugins that name no secret. */
  readonly docker: DockerConfig | undefined;
}

const MODULE_SETTINGS: ModuleSettings = {
  trust: TRUST_ALL,
  insecureRegistries: [],
  docker: undefined,
};

export interface PlaneOptions {
  /** Directories and files of resources, watched. */
  readonly paths: readonly string[];
  /** The control plane's own: token, applied resources, modules. */
  readonly stateDirectory: string;
  readonly address: string;
  readonly adminPort: number;
  readonly adsPort: number;
  readonly version: string;
  readonly modules?: ModuleSettings;
  readonly clock: Clock;
  readonly log: Log;
  /** Called with what is newly wrong after each change; each problem once while it lasts. */
  readonly onProblems: (appeared: readonly Problem[]) => void;
}

/** A running control plane. */
export interface Plane {
  readonly adminUrl: string;
  readonly adsAddress: string;
  readonly tokenFile: string;
  close(): Promise<void>;
}

/** Opens the rooms from left to right and wires them; a failure closes what was opened. */
export async function openPlane(options: PlaneOptions): Promise<Result<Plane>> {
  const plane = new PlaneBuilder(options);
  const opened = await plane.open();
  if (!opened.ok) await plane.close();
  return opened;
}

interface Modules {
  readonly store: ModuleStore;
  readonly records: Records;
}

class PlaneBuilder {
  readonly #options: PlaneOptions;
  readonly #history: History;
  readonly #registry: XdsRegistry = openRegistry();
  readonly #startedAt: number;
  #engine: Engine | undefined;
  #pipeline: ModulePipeline | undefined;
  #source: FileSource | undefined;
  #admin: AdminServer | undefined;
  #ads: AdsServer | undefined;
  #backend: PlaneBackend | undefined;
  #pushed = 0;
  #told = new Set<string>();

  constructor(options: PlaneOptions) {
    this.#options = options;
    this.#history = new History(options.clock);
    this.#startedAt = options.clock.wallTime();
  }

  async open(): Promise<Result<Plane>> {
    const state = this.#options.stateDirectory;
    const tokenFile = join(state, 'token');
    const token = await openToken(tokenFile);
    if (!token.ok) return token;
    const modules = await this.#openModules(state);
    if (!modules.ok) return modules;
    const store = await openStore(join(state, 'store'));
    if (!store.ok) return store;
    const served = await this.#openAdmin(token.value, modules.value, store.value);
    if (!served.ok) return served;
    await this.#openSource(store.value);
    const ads = await this.#openAds(token.value);
    if (!ads.ok) return ads;
    return ok({
      adminUrl: this.#adminUrl(),
      adsAddress: this.#adsAddress(),
      tokenFile,
      close: () => this.close(),
    });
  }

  async close(): Promise<void> {
    this.#source?.close();
    this.#engine?.close();
    await this.#pipeline?.close();
    await this.#ads?.close();
    await this.#admin?.close();
  }

  async #openModules(state: string): Promise<Result<Modules>> {
    const log = this.#options.log.child('modules');
    const store = await openModuleStore(join(state, 'modules'), undefined, (digest) =>
      log.write('warn', 'a kept module was damaged, so it is fetched again', { digest }),
    );
    if (!store.ok) return store;
    const records = await openRecords(join(state, 'module-records'));
    return records.ok ? ok({ store: store.value, records: records.value }) : records;
  }

  async #openAdmin(
    token: string,
    modules: Modules,
    store: ResourceStore,
  ): Promise<Result<AdminServer>> {
    const { clock, log } = this.#options;
    const { trust, docker, insecureRegistries } = this.#options.modules ?? MODULE_SETTINGS;
    const metrics = new ModuleMetrics();
    const pipeline = new ModulePipeline({
      ...modules,
      registry: { limits: FETCH_LIMITS, insecureRegistries },
      trust,
      docker,
      metrics,
      clock,
      log: log.child('modules'),
      urlOf: (digest) => `${this.#adminUrl()}/modules/${digest}.wasm`,
      onChange: () => this.#engine?.changed(),
    });
    this.#pipeline = pipeline;
    const engine = new Engine({
      pipeline,
      registry: this.#registry,
      clock,
      log: log.child('engine'),
      onRebuilt: () => this.#push(),
    });
    this.#engine = engine;
    const backend = new PlaneBackend({
      engine,
      pipeline,
      modules: modules.store,
      moduleMetrics: metrics,
      store,
      history: this.#history,
      source: () => this.#source,
      proxies: () => this.#ads?.proxies() ?? [],
      pushed: () => this.#pushed,
      info: () => ({
        version: this.#options.version,
        pid: process.pid,
        admin: this.#adminUrl(),
        ads: this.#adsAddress(),
        watching: this.#options.paths,
        store: store.dir,
        startedAt: this.#startedAt,
      }),
    });
    this.#backend = backend;
    const { address, adminPort } = this.#options;
    const admin = await openAdminServer({ address, port: adminPort, token, backend, log });
    if (admin.ok) this.#admin = admin.value;
    return admin;
  }

  async #openSource(store: ResourceStore): Promise<void> {
    const { clock, paths } = this.#options;
    this.#source = await openFileSource({
      paths: [...paths, store.dir],
      clock,
      onChange: (state) => this.#engine?.takeSource(state),
    });
    this.#engine?.takeSource(this.#source.current());
    await this.#modulesOrTime();
    this.#engine?.rebuild();
  }

  /** A proxy that starts with us should start with its plugins; a slow one holds nobody up. */
  async #modulesOrTime(): Promise<void> {
    const { clock } = this.#options;
    const late = Promise.withResolvers<void>();
    const timer = clock.setTimer(FIRST_MODULES_MS, late.resolve);
    await Promise.race([this.#pipeline?.settled(), late.promise]);
    timer.cancel();
  }

  async #openAds(token: string): Promise<Result<AdsServer>> {
    const { address, adsPort, clock, log } = this.#options;
    const ads = await openAdsServer({
      address,
      port: adsPort,
      token,
      clock,
      log: log.child('ads'),
      decode: (typeUrl, bytes) => this.#registry.decode(typeUrl, bytes),
      snapshotFor: (node) => this.#engine!.snapshotFor(node),
      events: {
        onConnect: ({ stream }) =>
          this.#history.add('connected', proxyName(stream.node.id), stream.dialect),
        onDisconnect: ({ stream }) =>
          this.#history.add('disconnected', proxyName(stream.node.id), stream.dialect),
        onAck: () => {},
        onNack: (proxy, typeUrl, refusal) => this.#onNack(proxy, typeUrl, refusal),
      },
    });
    if (ads.ok) this.#ads = ads.value;
    return ads;
  }

  #push(): void {
    const revision = this.#engine?.revision ?? 0;
    const push = this.#ads?.push() ?? Promise.resolve();
    push
      .then(() => {
        this.#pushed = Math.max(this.#pushed, revision);
        this.#tell();
      })
      .catch((error: unknown) => {
        this.#options.log.write('error', 'push failed', { error: String(error) });
      });
  }

  #tell(): void {
    const now = new Map(this.#backend?.problems().map((each) => [formatProblem(each), each]));
    const appeared = [...now].filter(([text]) => !this.#told.has(text)).map(([, each]) => each);
    this.#told = new Set(now.keys());
    if (appeared.length > 0) this.#options.onProblems(appeared);
  }

  #onNack(proxy: ConnectedProxy, typeUrl: string, refusal: Refusal): void {
    const { stream } = proxy;
    const name = proxyName(stream.node.id);
    const short = SHORT_NAMES.get(typeUrl) ?? typeUrl;
    this.#history.add('refused', name, `${short}: ${refusal.message}`);
    this.#options.log.write('debug', `${name} refuses ${short}`, { message: refusal.message });
    this.#tell();
    const delivery = stream.deliveries().get(typeUrl);
    for (const resource of refusal.resources) {
      const current = resourcesOf(stream.snapshot, typeUrl).get(resource);
      // An answer to what has been replaced meanwhile says nothing about what is there now.
      if (current === undefined || delivery?.resources.get(resource)?.sent !== current.version)
        continue;
      const message = about(resource, refusal.message);
      if (typeUrl === EXTENSION_TYPE) this.#refuse(resource, message);
      // The module may be loaded with the listener that uses it first.
      const extension = typeUrl === LISTENER_TYPE ? extensionOf(current.json, message) : undefined;
      if (extension !== undefined) this.#refuse(extension, message);
    }
  }

  #refuse(extensionName: string, message: string): void {
    const module = this.#engine?.moduleOf(extensionName);
    const keys = this.#engine?.extensionNames ?? new Map<string, string>();
    const key = [...keys].find(([, name]) => name === extensionName)?.[0];
    if (module === undefined || key === undefined) return;
    this.#pipeline?.refuse(key, module.digest.replace(/^sha256:/, ''), message);
  }

  #adminUrl(): string {
    return `http://${this.#options.address}:${this.#admin?.port ?? 0}`;
  }

  #adsAddress(): string {
    return `${this.#options.address}:${this.#ads?.port ?? 0}`;
  }
}
