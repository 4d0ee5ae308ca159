import type { Problem } from '@lateen/sdk/base/problem';
import { fail, ok, type Result } from '@lateen/sdk/base/result';
import {
  bindCallbacks,
  type GuestCallbacks,
  type GuestFunction,
  listCallbacks,
} from './callbacks.ts';
import type { CompiledModule } from './compiled-module.ts';
import type { VmServices } from './effects.ts';
import { FUEL_EXPORT, GROWTH_EXPORT, START_EXPORT } from './fuel/reserved.ts';
import { type ExchangeFuel, FuelTank } from './fuel/tank.ts';
import { Guest, type VmOptions } from './guest.ts';
import { buildImports } from './imports/build-imports.ts';
import { moduleProblem } from './problems.ts';
import { type RootConfig, RootContext } from './root-context.ts';

export { TRAPPED, type VmOptions } from './guest.ts';
export { type RootConfig, RootContext } from './root-context.ts';
export { StreamContext } from './stream-context.ts';

/**
 * An instance of a module. It dies of its first fault (trap, fuel, stack, allocator, exit) and is
 * never entered again; a plugin makes a fresh one. Host code enters it through its contexts.
 */
export class Vm {
  readonly compiled: CompiledModule;
  readonly has: GuestCallbacks;
  readonly #guest: Guest;

  private constructor(guest: Guest) {
    this.#guest = guest;
    this.compiled = guest.compiled;
    this.has = listCallbacks(guest.compiled.exports, guest.options.capabilities);
  }

  /** Instantiates the module and runs its start; `proxy_on_vm_start` belongs to `openRoot`. */
  static start(compiled: CompiledModule, options: VmOptions, services: VmServices): Result<Vm> {
    const guest = new Guest(compiled, options, services);
    let instance: WebAssembly.Instance;
    try {
      instance = new WebAssembly.Instance(compiled.module, buildImports(guest));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return fail(moduleProblem(compiled.name, 'engine', `cannot be instantiated: ${reason}`));
    }
    bindExports(guest, instance.exports);
    runStart(guest, instance.exports);
    return guest.fault === null ? ok(new Vm(guest)) : fail(guest.fault);
  }

  get alive(): boolean {
    return this.#guest.alive;
  }

  /** Why it is dead; null while it lives. */
  get fault(): Problem | null {
    return this.#guest.fault;
  }

  /** Whether it has no root context (any more). */
  get empty(): boolean {
    return this.#guest.roots.size === 0;
  }

  /** Bytes of linear memory at present. */
  get memoryBytes(): number {
    this.#guest.memory.fresh();
    return this.#guest.memory.u8.length;
  }

  openRoot(config: RootConfig): Result<RootContext> {
    const { fault } = this.#guest;
    if (fault !== null) return fail(fault);
    return new RootContext(this, this.#guest, config).start();
  }

  /** The u32 at the address, 0 where it lies outside. */
  u32(address: number): number {
    const { memory } = this.#guest;
    memory.fresh();
    return memory.has(address, 4) ? memory.u32(address) : 0;
  }

  i32(address: number): number {
    return this.u32(address) | 0;
  }

  /** The bytes as latin1, empty where they lie outside. */
  latin1(address: number, length: number): string {
    const { memory } = this.#guest;
    memory.fresh();
    return memory.has(address, length) ? memory.latin1(address, length) : '';
  }

  /** Closes all root contexts, each when its streams have ended. */
  close(): void {
    for (const root of [...this.#guest.roots]) if (root instanceof RootContext) root.close();
  }
}

/** The kinds of these exports were checked before the module was compiled. */
function bindExports(guest: Guest, exports: WebAssembly.Exports): void {
  const allocator = exports['proxy_on_memory_allocate'] ?? exports['malloc'];
  const fuel = exports[FUEL_EXPORT] as ExchangeFuel | undefined;
  const growth = exports[GROWTH_EXPORT] as WebAssembly.Global | undefined;
  guest.bind({
    memory: exports['memory'] as WebAssembly.Memory,
    functions: bindCallbacks(exports, guest.options.capabilities),
    allocator: allocator as GuestFunction,
    fuel: fuel === undefined || growth === undefined ? null : new FuelTank(fuel, growth),
  });
}

/** Reactor or command, and the start section that the fuel pass put off. */
function runStart(guest: Guest, exports: WebAssembly.Exports): void {
  const steps = [START_EXPORT];
  if (exports['_initialize'] !== undefined) steps.push('_initialize', 'main', '__main_void');
  else steps.push('_start');
  for (const name of steps) {
    const step = exports[name];
    if (typeof step === 'function' && guest.alive) guest.callStart(step as GuestFunction, name);
    if (name === 'main' && typeof step === 'function') return;
  }
}
