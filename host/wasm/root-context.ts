import * as status from '@lateen/sdk/abi/status';
import type { Timer } from '@lateen/sdk/base/clock';
import { fail, ok, type Result } from '@lateen/sdk/base/result';
import { limitField } from '@lateen/sdk/xds/plugin-limits';
import type { CalloutHandle, HttpCall, HttpCallAnswer, StreamEffects } from './effects.ts';
import { FUEL_UNLIMITED } from './fuel/tank.ts';
import type { Guest } from './guest.ts';
import { moduleProblem } from './problems.ts';
import { StreamContext, type StreamOwner } from './stream-context.ts';
import { PluginUsage } from './usage.ts';
import type { Vm } from './vm.ts';

/** One configured plugin in a VM. */
export interface RootConfig {
  readonly rootId: string;
  readonly pluginName: string;
  readonly pluginConfiguration: Uint8Array;
  /** Where what it uses is counted; the owner's. */
  readonly usage?: PluginUsage;
}

/** What setTimeout can hold; longer periods fire at once there. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/**
 * A root context: one configuration of a module in a VM, with its tick, its callouts and the
 * contexts of its streams. Closing waits for the streams, then for the module's own `proxy_done`.
 */
export class RootContext implements StreamOwner {
  readonly id: number;
  readonly vm: Vm;
  readonly rootId: string;
  readonly pluginName: string;
  readonly effects: StreamEffects | null = null;
  readonly fuel = FUEL_UNLIMITED;
  configuration: Uint8Array;
  readonly usage: PluginUsage;
  readonly #guest: Guest;
  readonly #pluginConfiguration: Uint8Array;
  readonly #callouts = new Map<number, CalloutHandle | null>();
  #lastToken = 0;
  #tick: Timer | null = null;
  #tickPeriodMs = 0;
  #streams = 0;
  #state: 'open' | 'closing' | 'waiting' | 'closed' = 'open';
  #patience: Timer | null = null;

  constructor(vm: Vm, guest: Guest, config: RootConfig) {
    this.vm = vm;
    this.#guest = guest;
    this.rootId = config.rootId;
    this.pluginName = config.pluginName;
    this.#pluginConfiguration = config.pluginConfiguration;
    this.configuration = config.pluginConfiguration;
    this.usage = config.usage ?? new PluginUsage();
    this.id = guest.nextId();
  }

  /** A root context only is its own root. */
  get root(): RootContext {
    return this;
  }

  /** Create, start, configure, in this order; the context is not to be used if that fails. */
  start(): Result<RootContext> {
    const guest = this.#guest;
    const { onContextCreate, onVmStart, onConfigure } = guest.functions;
    guest.roots.add(this);
    guest.contexts.set(this.id, this);
    guest.refusal = null;
    if (onContextCreate !== null) {
      guest.callSlow(onContextCreate, this, 'proxy_on_context_create', [0, 0, 0]);
    }
    const vmSize = guest.options.vmConfiguration.length;
    guest.vmStarting = true;
    const started = this.#accepts(onVmStart, 'proxy_on_vm_start', vmSize);
    guest.vmStarting = false;
    if (!started) return this.#refused('start');
    const size = this.#pluginConfiguration.length;
    if (!this.#accepts(onConfigure, 'proxy_on_configure', size)) return this.#refused('configure');
    if (guest.fault !== null) return fail(guest.fault);
    return ok(this);
  }

  /** Hands over one message of a type that the module serves; its refusal says why. */
  deliver(configId: number, json: Uint8Array): Result<void> {
    const guest = this.#guest;
    const callback = guest.functions.onConfig;
    if (callback === null) return this.#problem('does not export lateen_on_config');
    guest.refusal = null;
    this.configuration = json;
    const accepted = guest.callSlow(callback, this, 'lateen_on_config', [
      configId,
      json.length,
      json.length,
    ]);
    this.configuration = this.#pluginConfiguration;
    this.#settle();
    if (guest.fault !== null) return fail(guest.fault);
    return accepted === 0 ? this.#problem('refuses the configuration') : ok(undefined);
  }

  /** No stream uses that configuration any more. */
  forget(configId: number): void {
    const callback = this.#guest.functions.onConfigDelete;
    if (callback !== null) {
      this.#guest.call(callback, this, 'lateen_on_config_delete', configId, 0);
    }
  }

  /** Whether streams can be opened: until the module has been told that the context is done. */
  get accepting(): boolean {
    return this.#state === 'open' || this.#state === 'closing';
  }

  /** Streams that are open in it. */
  get streams(): number {
    return this.#streams;
  }

  /** Says that a limit was reached, once a second. */
  warn(message: string): void {
    this.#guest.log.tellLimit(message, this.pluginName);
  }

  openStream(effects: StreamEffects): StreamContext {
    this.#streams++;
    return new StreamContext(this.vm, this.#guest, this, effects);
  }

  /** The module keeps no context of the stream, so it is over for it as soon as this returns. */
  logStream(effects: StreamEffects): void {
    const guest = this.#guest;
    const callback = guest.functions.onStreamLog;
    if (callback === null) return;
    const frame = { id: this.id, root: this, effects, fuel: FUEL_UNLIMITED };
    guest.call(callback, frame, 'lateen_on_stream_log', 0, 0);
  }

  /** Ends the context when its last stream has ended. */
  close(): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    if (this.#streams === 0) this.#begin();
  }

  streamClosed(): void {
    this.#streams--;
    if (this.#streams === 0 && this.#state === 'closing') this.#begin();
  }

  setTickPeriod(periodMs: number): void {
    this.#tick?.cancel();
    this.#tick = null;
    this.#tickPeriodMs = Math.min(periodMs, TIMER_MS_MAX);
    if (periodMs > 0) this.#armTick();
  }

  startCallout(call: HttpCall): number {
    const guest = this.#guest;
    const { calloutsMax } = guest.options.limits;
    if (this.#callouts.size >= calloutsMax) {
      this.warn(`has ${calloutsMax} callouts under way already (${limitField('callouts')})`);
      return -status.INTERNAL_FAILURE;
    }
    if (this.#state === 'closed') return -status.INTERNAL_FAILURE;
    this.#lastToken = (this.#lastToken + 1) & 0x7fffffff || 1;
    const token = this.#lastToken;
    this.#callouts.set(token, null);
    const started = guest.services.callouts.start(call, (answer) => this.#answered(token, answer));
    if (typeof started === 'number') {
      this.#callouts.delete(token);
      return started < 0 ? started : -status.INTERNAL_FAILURE;
    }
    this.usage.callouts++;
    if (this.#callouts.has(token)) this.#callouts.set(token, started);
    return token;
  }

  queueReady(id: number): boolean {
    const guest = this.#guest;
    if (!guest.alive || this.#state === 'closed') return false;
    const callback = guest.functions.onQueueReady;
    if (callback !== null) guest.call(callback, this, 'proxy_on_queue_ready', id, 0);
    this.#settle();
    return true;
  }

  finishDone(): boolean {
    if (this.#state !== 'waiting') return false;
    // Still inside the guest: deleting the context has to wait until it has returned.
    queueMicrotask(() => this.#finish());
    return true;
  }

  vmDied(): void {
    this.#release();
    this.#state = 'closed';
  }

  #accepts(
    callback: ((...sizes: [number, number, number, number, number]) => number | undefined) | null,
    name: string,
    size: number,
  ): boolean {
    return callback === null || this.#guest.callSlow(callback, this, name, [size, 0, size]) !== 0;
  }

  #refused(step: string): Result<never> {
    const what = step === 'start' ? 'refused to start' : 'refuses its configuration';
    const result = this.#problem(what);
    this.close();
    return result;
  }

  #problem(what: string): Result<never> {
    const { refusal, log } = this.#guest;
    const reason = refusal?.message ?? log.errors;
    const message = reason === '' ? what : `${what}: ${reason}`;
    const path = refusal?.path ?? '';
    return fail(moduleProblem(this.pluginName, 'refused', message, path === '' ? {} : { path }));
  }

  #armTick(): void {
    this.#tick = this.#guest.services.clock.setTimer(this.#tickPeriodMs, () => this.#ticked());
  }

  #ticked(): void {
    const callback = this.#guest.functions.onTick;
    const armed = this.#tick;
    if (callback !== null) this.#guest.call(callback, this, 'proxy_on_tick', 0, 0);
    this.#settle();
    // Armed again only now: a tick slower than its period does not pile up.
    if (this.#tick === armed && this.#guest.alive && this.#state !== 'closed') this.#armTick();
  }

  /** Answers may come from within a host call of the guest; it is never re-entered. */
  #answered(token: number, answer: HttpCallAnswer): void {
    if (this.#guest.frame !== null) queueMicrotask(() => this.#deliverAnswer(token, answer));
    else this.#deliverAnswer(token, answer);
  }

  #deliverAnswer(token: number, answer: HttpCallAnswer): void {
    const guest = this.#guest;
    if (!this.#callouts.delete(token) || !guest.alive) return;
    const callback = guest.functions.onHttpCallResponse;
    if (callback === null) return;
    guest.answer = answer;
    guest.lastStatus =
      answer.headers === null ? { code: 11, message: answer.detail } : { code: 0, message: '' };
    const failed = answer.headers === null;
    guest.call(
      callback,
      this,
      'proxy_on_http_call_response',
      token,
      answer.headers?.count ?? 0,
      failed ? 0 : answer.body.length,
      answer.trailers?.count ?? 0,
    );
    guest.answer = null;
    this.#settle();
  }

  /** Streams that the callback reached through its effective context do what was noted. */
  #settle(): void {
    const { reached } = this.#guest;
    if (reached.length === 0) return;
    this.#guest.reached = [];
    for (const effects of reached) effects.settle();
  }

  #begin(): void {
    const guest = this.#guest;
    guest.closing = guest.roots.size <= 1;
    const { onDone } = guest.functions;
    if (onDone === null || guest.call(onDone, this, 'proxy_on_done', 0, 0) !== 0) {
      this.#finish();
      return;
    }
    this.#state = 'waiting';
    const { rootDoneMsMax } = guest.options.limits;
    this.#patience = guest.services.clock.setTimer(rootDoneMsMax, () => this.#finish());
  }

  #finish(): void {
    if (this.#state === 'closed') return;
    const { onDelete } = this.#guest.functions;
    this.#state = 'closed';
    if (onDelete !== null) this.#guest.call(onDelete, this, 'proxy_on_delete', 0, 0);
    this.#guest.roots.delete(this);
    this.#guest.contexts.delete(this.id);
    this.#release();
  }

  #release(): void {
    this.#patience?.cancel();
    this.#tick?.cancel();
    this.#tick = null;
    for (const handle of this.#callouts.values()) handle?.cancel();
    this.#callouts.clear();
    this.#guest.unshare(this);
  }
}
