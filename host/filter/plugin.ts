import type { Problem } from '@lateen/sdk/base/problem';
import { fail, ok, type Result } from '@lateen/sdk/base/result';
import { limitField, type PluginLimits } from '@lateen/sdk/xds/plugin-limits';
import { type GuestCallbacks, onlyLogs } from '../wasm/callbacks.ts';
import type { StreamEffects, VmServices } from '../wasm/effects.ts';
import { vmLimits } from '../wasm/limits.ts';
import type { CompiledModule } from '../wasm/module.ts';
import { PluginUsage } from '../wasm/usage.ts';
import { type RootContext, type StreamContext, Vm } from '../wasm/vm.ts';
import { type Backoff, FaultBackoff, IntervalBackoff } from './plugin-backoff.ts';
import { VmShelf } from './vm-shelf.ts';

/**
 * What becomes of a stream whose module died or cannot be had: `open` goes on without the filter,
 * the others fail the stream. A fresh VM is made for new streams either way.
 */
export type FailurePolicy = 'closed' | 'open' | 'reload';

export interface PluginOptions {
  /** Digest of the other options; the owner's, to find the plugin again. */
  readonly key: string;
  readonly name: string;
  readonly rootId: string;
  readonly vmId: string;
  readonly module: CompiledModule;
  readonly vmConfiguration: string;
  readonly configuration: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly failurePolicy: FailurePolicy;
  readonly limits: PluginLimits;
  /** Time between two VMs at least, with up to half of it on top; null = as `FaultBackoff` says. */
  readonly reloadIntervalMs: number | null;
  /** Host calls and callbacks that the module has; empty = all. */
  readonly capabilities: readonly string[];
}

/**
 * One configured module: its VM, its root context and the messages delivered to it. When the VM
 * dies, the next stream gets a fresh one that was told everything again; a module that keeps
 * dying waits between rebuilds, longer each time.
 */
export class Plugin {
  readonly key: string;
  readonly name: string;
  readonly rootId: string;
  readonly vmId: string;
  readonly module: CompiledModule;
  readonly failurePolicy: FailurePolicy;
  readonly has: GuestCallbacks;
  /** Whether it is entered once for each stream, at its end, and never on the way. */
  readonly onlyLogs: boolean;
  readonly #options: PluginOptions;
  /** Of the modules that came with the host none: what limits them are connections. */
  readonly #streamsMax: number;
  readonly #services: VmServices;
  readonly #shelf: VmShelf;
  readonly #backoff: Backoff;
  readonly #delivered = new Map<number, Uint8Array>();
  #root: RootContext;
  /** Whether the death of the VM at hand was counted. */
  #mourned = false;
  #closed = false;
  /** Why the last VM died or could not be made; null while all is well. */
  lastFault: Problem | null = null;
  /** Streams that got no context because there was no VM. */
  refusals = 0;
  /** VMs made in place of dead ones. */
  rebuilds = 0;

  readonly usage: PluginUsage;

  private constructor(
    options: PluginOptions,
    services: VmServices,
    shelf: VmShelf,
    root: RootContext,
  ) {
    this.usage = root.usage;
    this.key = options.key;
    this.name = options.name;
    this.rootId = options.rootId;
    this.vmId = options.vmId;
    this.module = options.module;
    this.failurePolicy = options.failurePolicy;
    this.has = root.vm.has;
    this.onlyLogs = onlyLogs(root.vm.has);
    this.#options = options;
    const { streamsMax } = vmLimits(options.limits);
    this.#streamsMax = options.module.trusted ? Number.MAX_SAFE_INTEGER : streamsMax;
    this.#services = services;
    this.#shelf = shelf;
    const { clock, random } = services;
    this.#backoff =
      options.reloadIntervalMs === null
        ? new FaultBackoff(clock, random)
        : new IntervalBackoff(clock, random, options.reloadIntervalMs);
    this.#root = root;
  }

  /** Makes the VM and configures it; a refusal of the module is the problem. */
  static open(
    options: PluginOptions,
    services: VmServices,
    shelf: VmShelf = new VmShelf(),
  ): Result<Plugin> {
    const root = openRoot(options, services, shelf, new PluginUsage());
    return root.ok ? ok(new Plugin(options, services, shelf, root.value)) : root;
  }

  /** False where the VM is dead and no fresh one is due yet. */
  get alive(): boolean {
    return !this.#closed && this.#root.vm.alive;
  }

  /** Why the VM at hand is dead, else why the last one was; null while all is well. */
  get fault(): Problem | null {
    return this.#root.vm.fault ?? this.lastFault;
  }

  /** Bytes of linear memory of the VM at hand. */
  get memoryBytes(): number {
    return this.#root.vm.memoryBytes;
  }

  /** A context for a stream, or null where there is no VM; then `failurePolicy` says what to do. */
  openStream(effects: StreamEffects): StreamContext | null {
    if (!this.#serves()) return null;
    if (this.#root.streams >= this.#streamsMax) return this.#full();
    this.usage.streams++;
    const context = this.#root.openStream(effects);
    return this.#root.vm.alive ? context : null;
  }

  /** For a module that only logs: the stream that `effects` shows is over. */
  logStream(effects: StreamEffects): void {
    if (!this.#serves()) return;
    this.usage.streams++;
    this.#root.logStream(effects);
  }

  /** Hands over a message of a type that the module serves, under an id of the caller's. */
  deliver(configId: number, json: Uint8Array): Result<void> {
    if (!this.#root.vm.alive && !this.#revive()) return fail(this.#notAlive());
    const delivered = this.#root.deliver(configId, json);
    if (delivered.ok) this.#delivered.set(configId, json);
    return delivered;
  }

  forget(configId: number): void {
    if (this.#delivered.delete(configId) && this.#root.vm.alive) this.#root.forget(configId);
  }

  /** Ends the root context when its last stream has ended. */
  close(): void {
    this.#closed = true;
    this.#root.close();
  }

  /** Whether there is a VM for a new stream, made now if one is due. */
  #serves(): boolean {
    const served = this.#root.vm.alive ? this.#root.accepting : this.#revive();
    if (!served) this.refusals++;
    return served;
  }

  /** More streams than the plugin may have open: no context for this one. */
  #full(): null {
    this.refusals++;
    this.#root.warn(`has ${this.#streamsMax} streams open already (${limitField('streams')})`);
    return null;
  }

  #revive(): boolean {
    if (this.#closed) return false;
    this.#mourn();
    if (!this.#backoff.due()) return false;
    this.#backoff.tried();
    const root = openRoot(this.#options, this.#services, this.#shelf, this.usage);
    if (!root.ok) return this.#stillborn(root.error);
    for (const [configId, json] of this.#delivered) {
      const delivered = root.value.deliver(configId, json);
      if (delivered.ok) continue;
      root.value.close();
      return this.#stillborn(delivered.error);
    }
    this.#root = root.value;
    this.#mourned = false;
    this.rebuilds++;
    return true;
  }

  #mourn(): void {
    if (this.#mourned) return;
    this.#mourned = true;
    this.lastFault = this.#root.vm.fault;
    this.usage.fault(this.lastFault?.code ?? '');
    this.#backoff.fault();
  }

  #stillborn(problem: Problem): false {
    this.lastFault = problem;
    this.#backoff.fault();
    const { code, message } = problem;
    this.#services.log.write('error', `plugin ${this.name} stays down: ${message}`, { code });
    return false;
  }

  #notAlive(): Problem {
    const message = `plugin ${this.name} has no VM: ${this.lastFault?.message ?? 'it was closed'}`;
    return { level: 'error', code: 'LAT0361', message, origin: { resource: this.name } };
  }
}

function openRoot(
  options: PluginOptions,
  services: VmServices,
  shelf: VmShelf,
  usage: PluginUsage,
): Result<RootContext> {
  const vm =
    options.vmId === ''
      ? startVm(options, services, options.name)
      : shelf.take(vmKey(options), () => startVm(options, services, options.vmId));
  if (!vm.ok) return vm;
  return vm.value.openRoot({
    rootId: options.rootId,
    pluginName: options.name,
    pluginConfiguration: Buffer.from(options.configuration),
    usage,
  });
}

/** Two plugins may run the same bytes: what goes wrong is said of the plugin, or of the VM id. */
function startVm(options: PluginOptions, services: VmServices, name: string): Result<Vm> {
  return Vm.start(
    { ...options.module, name },
    {
      vmId: options.vmId,
      vmConfiguration: Buffer.from(options.vmConfiguration),
      environment: options.environment,
      limits: vmLimits(options.limits),
      capabilities: options.capabilities,
    },
    services,
  );
}

/** What plugins must have in common to share a VM. */
function vmKey(options: PluginOptions): string {
  const { vmId, module, vmConfiguration, environment, limits, capabilities } = options;
  const parts = [vmId, module.key, vmConfiguration, environment, limits, capabilities];
  return JSON.stringify(parts);
}
