import { OK } from '@lateen/sdk/abi/status';
import type { Problem } from '@lateen/sdk/base/problem';
import { FUEL_MOST } from '@lateen/sdk/xds/plugin-limits';
import { NameGuesses } from '../http/header-name.ts';
import { type GuestFunction, type GuestFunctions, NO_FUNCTIONS } from './callbacks.ts';
import type { CompiledModule } from './compiled-module.ts';
import type {
  HttpCall,
  HttpCallAnswer,
  QueueReader,
  SharedSpace,
  StreamEffects,
  VmServices,
} from './effects.ts';
import { describeFault, GuestAbort, type GuestExit } from './fault.ts';
import { faultFields } from './fault-fields.ts';
import { FUEL_UNLIMITED, type FuelAccount, type FuelTank } from './fuel/tank.ts';
import { GuestLog } from './guest-log.ts';
import { GuestMemory } from './guest-memory.ts';
import type { VmLimits } from './limits.ts';
import { type ModuleFault, moduleProblem } from './problems.ts';
import { traceGuest } from './source/trace.ts';
import { type PluginUsage, SAMPLE_EVERY } from './usage.ts';

/** What a call into a guest returns once the VM is dead. No callback's own result is negative. */
export const TRAPPED = -1;

/** How VMs are set up; VMs with the same id share data (`proxy_get_shared_data`). */
export interface VmOptions {
  readonly vmId: string;
  readonly vmConfiguration: Uint8Array;
  readonly environment: Readonly<Record<string, string>>;
  readonly limits: VmLimits;
  /** Names of the host calls and callbacks that there are for the module; empty = all. */
  readonly capabilities: readonly string[];
}

/** For whom a guest runs: a stream, a root context, or (root null) the VM itself. */
export interface Frame extends FuelAccount {
  readonly id: number;
  readonly root: RootFrame | null;
  /** What it may do to its stream; null in root contexts and after the stream's end. */
  readonly effects: StreamEffects | null;
}

/** What host calls need of the root context they are made for. */
export interface RootFrame extends Frame, QueueReader {
  readonly rootId: string;
  readonly pluginName: string;
  /** What PLUGIN_CONFIGURATION shows. */
  readonly configuration: Uint8Array;
  readonly usage: PluginUsage;
  setTickPeriod(periodMs: number): void;
  /** Starts a callout; its token, or a negative proxy-wasm status. */
  startCallout(call: HttpCall): number;
  /** `proxy_done`: false where nobody waits for it. */
  finishDone(): boolean;
  vmDied(): void;
}

/** What runs in a guest, and so which host calls are open: a call allowed later is so earlier. */
export const RUNNING = 0;
/** The module's own start: logging, clocks, chance and the environment only. */
export const STARTING = 1;
/** Its allocator, inside a host call: logging and clocks only. */
export const ALLOCATING = 2;
export type Phase = typeof RUNNING | typeof STARTING | typeof ALLOCATING;

/** Reading JSON of some size takes about this much for each byte, in any language. */
const CONFIGURATION_BYTE_FUEL = 200;

/**
 * A module that runs: its memory, its callbacks, its fuel, and its end. All calls into it go
 * through `call`, all calls out of it begin with `admit`. After the first fault it is never
 * entered again. Answers of host calls that would re-enter it are noted, not given.
 */
export class Guest {
  readonly compiled: CompiledModule;
  readonly options: VmOptions;
  readonly services: VmServices;
  readonly memory = new GuestMemory();
  readonly log: GuestLog;
  readonly roots = new Set<RootFrame>();
  /** Contexts by id, for `proxy_set_effective_context`; streams only if the module imports it. */
  readonly contexts = new Map<number, Frame>();
  /** Names of headers by where they stand in its memory. */
  readonly names = new NameGuesses();
  /** Metrics that the module has defined: the only ones that it reaches. */
  readonly metrics = new Set<number>();
  functions: GuestFunctions = NO_FUNCTIONS;
  /** The answer that the callback at hand may read. */
  answer: HttpCallAnswer | null = null;
  /** Why `lateen.refuse_config` refused, during `lateen_on_config`. */
  refusal: { readonly path: string; readonly message: string } | null = null;
  /** For `proxy_get_status`. */
  lastStatus = { code: 0, message: '' };
  /** Streams that a root context's callback has reached by `proxy_set_effective_context`. */
  reached: StreamEffects[] = [];
  /** For whom the running callback was called, null when none runs. */
  frame: Frame | null = null;
  /** Inside `proxy_on_vm_start`. */
  vmStarting = false;
  /** The last root context ends: a fault now hurts nobody (some SDKs abort there). */
  closing = false;
  fault: Problem | null = null;
  #shared: SharedSpace | null = null;
  #fuel: FuelTank | null = null;
  #phase: Phase = RUNNING;
  /** Whether host calls have to look at anything at all before they serve. */
  #guarded = false;
  #allocator: GuestFunction | null = null;
  #lastId = 0;
  /** Callbacks until one is looked at; the first one is. */
  #untilSample = 1;
  #sinceSample = 0;
  /** What `proxy_set_effective_context` has chosen in place of `frame`. */
  #chosen: Frame | null = null;
  /** Whether the module can look for its contexts at all. */
  readonly #looksUp: boolean;

  constructor(compiled: CompiledModule, options: VmOptions, services: VmServices) {
    this.compiled = compiled;
    this.#looksUp = compiled.imports.has('proxy_set_effective_context');
    this.options = options;
    this.services = services;
    const speaker = () => this.root?.pluginName ?? compiled.name;
    this.log = new GuestLog(services.log.child('wasm'), services.clock, options.limits, speaker);
  }

  get alive(): boolean {
    return this.fault === null;
  }

  /** Whether what it does is counted: nobody vouches for the module. */
  get metered(): boolean {
    return this.#fuel !== null;
  }

  bind(parts: {
    readonly memory: WebAssembly.Memory;
    readonly functions: GuestFunctions;
    readonly allocator: GuestFunction;
    readonly fuel: FuelTank | null;
  }): void {
    this.memory.attach(parts.memory);
    this.functions = parts.functions;
    this.#allocator = parts.allocator;
    this.#fuel = parts.fuel;
    this.#guarded = parts.fuel !== null;
  }

  /** Runs the module's own start, in which most host calls are refused. */
  callStart(start: GuestFunction, name: string): void {
    this.#setPhase(STARTING);
    this.#run(start, VM_FRAME, name, this.options.limits.fuelPerStart, 0, 0, 0, 0);
    if (this.alive) this.#setPhase(RUNNING);
  }

  /** A callback with the fuel for configuring; `size` bytes of configuration bring more. */
  callSlow(
    callback: GuestFunction,
    frame: Frame,
    name: string,
    [a, b, size]: readonly [a: number, b: number, size: number],
  ): number {
    const fuel = this.options.limits.fuelPerStart + size * CONFIGURATION_BYTE_FUEL;
    return this.#run(callback, frame, name, Math.min(fuel, FUEL_MOST), a, b, 0, 0);
  }

  /**
   * Calls `callback(frame.id, ...)`; TRAPPED where the VM is dead or died of it. (Positional
   * arguments: this is the hot path of every filter.)
   */
  call(
    callback: GuestFunction,
    frame: Frame,
    name: string,
    a: number,
    b: number,
    c = 0,
    d = 0,
  ): number {
    return this.#run(callback, frame, name, this.options.limits.fuelPerCall, a, b, c, d);
  }

  /**
   * First thing in a host call. False where it must not be served: fuel ran out, and the guest
   * will trap at its next check. Throws where the call is not open in this phase.
   */
  admit(name: string, until: Phase = RUNNING): boolean {
    this.memory.fresh();
    return this.#guarded ? this.#admitGuarded(name, until) : true;
  }

  /** Charges for bytes that a host call moves; a few are paid with the call. */
  charge(bytes: number): void {
    if (this.#fuel !== null) this.#fuel.charge(bytes);
  }

  /** For a host call that takes longer than most. */
  chargeCostly(): void {
    if (this.#fuel !== null) this.#fuel.chargeCostly();
  }

  /** Memory from the guest's allocator; never 0, always inside. Faults of it end the VM. */
  allocate(size: number): number {
    const allocator = this.#allocator;
    if (allocator === null) return this.abort('allocator', 'has no allocator yet');
    const outer = this.#phase;
    this.#setPhase(ALLOCATING);
    const address = (allocator(size, 0, 0, 0, 0) ?? 0) >>> 0;
    this.#setPhase(outer);
    this.memory.fresh();
    if (address !== 0 && this.memory.has(address, size)) return address;
    const what = address === 0 ? '0' : `${address}, beyond its memory`;
    return this.abort('allocator', `its allocator returned ${what} when asked for ${size} bytes`);
  }

  /** Gives the guest a copy of the bytes: allocates, and writes where and how many there are. */
  give(source: Uint8Array, start: number, end: number, outData: number, outSize: number): boolean {
    const size = end - start;
    const address = this.allocateFor(size, outData, outSize);
    if (address > 0) this.memory.write(address, source, start, end);
    return address >= 0;
  }

  /**
   * Room for `size` bytes, already announced at the two return pointers; nothing is allocated for
   * nothing. Negative where a return pointer lies outside.
   */
  allocateFor(size: number, outData: number, outSize: number): number {
    const { memory } = this;
    if (!memory.has(outData, 4) || !memory.has(outSize, 4)) return -1;
    this.charge(size);
    const address = size === 0 ? 0 : this.allocate(size);
    memory.setU32(outData, address);
    memory.setU32(outSize, size);
    return address;
  }

  /**
   * Ends the guest from within a host call. Unwinds by an exception; since a guest cannot catch
   * (modules with exception handling are refused) and the fuel is gone, it never runs on.
   */
  abort(fault: ModuleFault, message: string): never {
    if (this.#fuel !== null) this.#fuel.empty();
    throw new GuestAbort(fault, message);
  }

  /** Ends the guest by its own will. */
  exit(reason: GuestExit): never {
    if (this.#fuel !== null) this.#fuel.empty();
    throw reason;
  }

  /** Inside the module's own start. */
  get starting(): boolean {
    return this.#phase === STARTING;
  }

  /** The next context id: never 0, never one in use. */
  nextId(): number {
    do this.#lastId = (this.#lastId + 1) >>> 0;
    while (this.#lastId === 0 || this.contexts.has(this.#lastId));
    return this.#lastId;
  }

  /** Whether contexts of streams have to be found by their ids. */
  get looksUpContexts(): boolean {
    return this.#looksUp;
  }

  /** The context that host calls act on: the running one, unless the module has chosen another. */
  get effective(): Frame | null {
    return this.#chosen === null ? this.frame : this.#chosen;
  }

  set effective(frame: Frame | null) {
    this.#chosen = frame;
  }

  /** What a host call acts on: the effective context's stream, null where that is none. */
  get effects(): StreamEffects | null {
    const { effective } = this;
    return effective === null ? null : effective.effects;
  }

  get root(): RootFrame | null {
    return this.frame === null ? null : this.frame.root;
  }

  /** What VMs of this one's id share; opened when a module first asks. */
  get shared(): SharedSpace {
    this.#shared ??= this.services.sharedData.open(this.options.vmId, this.options.limits);
    return this.#shared;
  }

  /** The root context has ended: it hears of no queue any more. The last one lets go of all. */
  unshare(root: RootFrame): void {
    this.#shared?.forget(root);
    if (this.roots.size === 0) this.#letGo();
  }

  /** The result of a call on what is shared; says in the log which limit was reached. */
  answerShared(result: number, refusal: string): number {
    if (result !== OK && refusal !== '') {
      this.log.tellLimit(`shared data of VM id "${this.options.vmId}": ${refusal}`);
    }
    return result;
  }

  #run(
    callback: GuestFunction,
    frame: Frame,
    name: string,
    fuel: number,
    a: number,
    b: number,
    c: number,
    d: number,
  ): number {
    if (this.fault !== null) return TRAPPED;
    const outer = this.frame;
    const outerChosen = this.#chosen;
    this.frame = frame;
    if (outerChosen !== null) this.#chosen = null;
    if (outer === null) {
      this.log.forgetErrors();
      // A callback inside another one's host call shares its fuel.
      if (this.#fuel !== null) this.#fuel.fill(frame, fuel);
    }
    const began = outer === null && --this.#untilSample === 0 ? this.services.clock.now() : -1;
    let result: number | undefined = 0;
    try {
      result = callback(frame.id, a, b, c, d);
    } catch (error) {
      this.#died(error, name, fuel);
    }
    if (began >= 0) this.#sample(frame, began);
    this.frame = outer;
    if (this.#chosen !== outerChosen) this.#chosen = outerChosen;
    return this.fault === null ? (result ?? 0) : TRAPPED;
  }

  /** One callback stands for those since the last one that was looked at. */
  #sample(frame: Frame, began: number): void {
    const ms = this.services.clock.now() - began;
    const stood = this.#sinceSample;
    this.#sinceSample = SAMPLE_EVERY;
    this.#untilSample = SAMPLE_EVERY;
    frame.root?.usage.sample(stood === 0 ? 1 : stood, ms, this.#fuel?.used ?? 0);
  }

  #letGo(): void {
    this.#shared?.close();
    this.#shared = null;
  }

  #admitGuarded(name: string, until: Phase): boolean {
    if (this.#phase > until) {
      const when = this.#phase === STARTING ? 'starting' : 'allocating';
      this.abort('restricted', `called ${name} while ${when}, when host calls are closed`);
    }
    return this.#fuel === null || this.#fuel.admit(name);
  }

  #setPhase(phase: Phase): void {
    this.#phase = phase;
    this.#guarded = this.#fuel !== null || phase !== RUNNING;
  }

  #died(error: unknown, callback: string, fuelGiven: number): void {
    this.log.flush();
    this.memory.fresh();
    const trace = traceGuest(error, this.compiled.debug);
    const { fault, message } = describeFault(error, {
      callback,
      fuel: this.#fuel,
      fuelMost: fuelGiven,
      memoryBytes: this.memory.u8.length,
      complaint: this.log.errors,
      trace,
    });
    if (fault === null) return;
    this.fault = moduleProblem(this.compiled.name, fault, message);
    const { code } = this.fault;
    const level = this.closing ? 'debug' : 'error';
    this.services.log.write(level, `module ${this.compiled.name} ${message}`, {
      code,
      ...faultFields({ frame: this.frame, trace, calls: this.#fuel?.calls ?? [] }),
    });
    for (const root of this.roots) root.vmDied();
    this.#letGo();
  }
}

const VM_FRAME: Frame = { id: 0, root: null, effects: null, fuel: FUEL_UNLIMITED };
