import * as action from '@lateen/sdk/abi/action';
import type { StreamEffects } from './effects.ts';
import { creditPiece } from './fuel/tank.ts';
import { type Frame, type Guest, type RootFrame, TRAPPED } from './guest.ts';
import type { Vm } from './vm.ts';

/** What a stream context needs of the root context that it belongs to. */
export interface StreamOwner extends RootFrame {
  streamClosed(): void;
}

/**
 * A stream's context in a VM. Every call returns TRAPPED once the VM is dead; a callback that the
 * module does not export answers as if it had nothing to say.
 */
export class StreamContext implements Frame {
  readonly id: number;
  readonly vm: Vm;
  readonly root: StreamOwner;
  effects: StreamEffects | null;
  /** What its callbacks may still use together. */
  fuel: number;
  readonly #guest: Guest;

  constructor(vm: Vm, guest: Guest, root: StreamOwner, effects: StreamEffects) {
    this.vm = vm;
    this.#guest = guest;
    this.root = root;
    this.effects = effects;
    this.id = guest.nextId();
    this.fuel = guest.options.limits.fuelPerRequest;
    if (guest.looksUpContexts) guest.contexts.set(this.id, this);
    const create = guest.functions.onContextCreate;
    if (create !== null) guest.call(create, this, 'proxy_on_context_create', root.id, 0);
  }

  onRequestHeaders(count: number, end: boolean): number {
    const guest = this.#guest;
    const callback = guest.functions.onRequestHeaders;
    if (callback === null) return this.#absent();
    return this.#head(guest.call(callback, this, 'proxy_on_request_headers', count, end ? 1 : 0));
  }

  onRequestBody(size: number, end: boolean): number {
    const guest = this.#guest;
    const callback = guest.functions.onRequestBody;
    if (callback === null) return this.#absent();
    if (guest.metered) creditPiece(this, size, guest.options.limits.fuelPerRequest);
    return this.#body(guest.call(callback, this, 'proxy_on_request_body', size, end ? 1 : 0));
  }

  onRequestTrailers(count: number): number {
    const guest = this.#guest;
    const callback = guest.functions.onRequestTrailers;
    if (callback === null) return this.#absent();
    return this.#trailers(guest.call(callback, this, 'proxy_on_request_trailers', count, 0));
  }

  onResponseHeaders(count: number, end: boolean): number {
    const guest = this.#guest;
    const callback = guest.functions.onResponseHeaders;
    if (callback === null) return this.#absent();
    return this.#head(guest.call(callback, this, 'proxy_on_response_headers', count, end ? 1 : 0));
  }

  onResponseBody(size: number, end: boolean): number {
    const guest = this.#guest;
    const callback = guest.functions.onResponseBody;
    if (callback === null) return this.#absent();
    if (guest.metered) creditPiece(this, size, guest.options.limits.fuelPerRequest);
    return this.#body(guest.call(callback, this, 'proxy_on_response_body', size, end ? 1 : 0));
  }

  onResponseTrailers(count: number): number {
    const guest = this.#guest;
    const callback = guest.functions.onResponseTrailers;
    if (callback === null) return this.#absent();
    return this.#trailers(guest.call(callback, this, 'proxy_on_response_trailers', count, 0));
  }

  /** The guest address of a RouteSelection, or 0. */
  onRoute(configId: number): number {
    const guest = this.#guest;
    const callback = guest.functions.onRoute;
    if (callback === null) return guest.alive ? 0 : TRAPPED;
    return this.#address(guest.call(callback, this, 'lateen_on_route', configId, 0));
  }

  onRouteConfig(configId: number): void {
    const guest = this.#guest;
    const callback = guest.functions.onRouteConfig;
    if (callback !== null) guest.call(callback, this, 'lateen_on_route_config', configId, 0);
  }

  /** The guest address of an AttemptWish, or 0. */
  onAttempt(attempt: number, outcome: number): number {
    const guest = this.#guest;
    const callback = guest.functions.onAttempt;
    if (callback === null) return guest.alive ? 0 : TRAPPED;
    return this.#address(guest.call(callback, this, 'lateen_on_attempt', attempt, outcome));
  }

  onTimer(): void {
    const guest = this.#guest;
    const callback = guest.functions.onTimer;
    if (callback === null) return;
    if (guest.metered) creditPiece(this, 0, guest.options.limits.fuelPerRequest);
    guest.call(callback, this, 'lateen_on_timer', 0, 0);
  }

  /** `proxy_on_log` only. */
  log(): void {
    const guest = this.#guest;
    const callback = guest.functions.onLog;
    if (callback !== null) guest.call(callback, this, 'proxy_on_log', 0, 0);
  }

  /** Done, log if asked for, delete; nothing the module asks for afterwards reaches the stream. */
  close(logToo: boolean): void {
    if (this.effects === null) return;
    const guest = this.#guest;
    const { onDone, onDelete } = guest.functions;
    // An HTTP stream does not wait for a module that answers "not yet", as in Envoy.
    if (onDone !== null) guest.call(onDone, this, 'proxy_on_done', 0, 0);
    if (logToo) this.log();
    if (onDelete !== null) guest.call(onDelete, this, 'proxy_on_delete', 0, 0);
    this.effects = null;
    if (guest.looksUpContexts) guest.contexts.delete(this.id);
    this.root.streamClosed();
  }

  #absent(): number {
    return this.#guest.alive ? action.CONTINUE : TRAPPED;
  }

  #address(result: number): number {
    return this.#guest.alive ? result >>> 0 : TRAPPED;
  }

  /** Unknown values hold the stream, as in Envoy. */
  #head(result: number): number {
    if (result >= 0 && result <= action.HEADERS_STOP_ALL_AND_WATERMARK) return result;
    return this.#guest.alive ? action.PAUSE : TRAPPED;
  }

  #body(result: number): number {
    if (result >= 0 && result <= action.BODY_STOP_NO_BUFFER) return result;
    return this.#guest.alive ? action.PAUSE : TRAPPED;
  }

  #trailers(result: number): number {
    if (result === action.CONTINUE) return result;
    return this.#guest.alive ? action.PAUSE : TRAPPED;
  }
}
