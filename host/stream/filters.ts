import * as ext from '@lateen/sdk/abi/extensions';
import * as maps from '@lateen/sdk/abi/maps';
import * as status from '@lateen/sdk/abi/status';
import type { Timer } from '@lateen/sdk/base/clock';
import type { Plugin } from '../filter/plugin.ts';
import type { Half, RoadFilter } from '../filter/road.ts';
import { type ByteRange, FilterSlot, type SlotStream } from '../filter/slot.ts';
import type { HeaderMap } from '../http/header-map.ts';
import { responseFlag } from '../http/response-flags.ts';
import type { LocalReply, PropertyPath, PropertySink } from '../wasm/effects.ts';
import { TRAPPED } from '../wasm/vm.ts';
import type { AttemptWish } from './exchange.ts';
import { type Failure, failure } from './failures.ts';
import { type PropertySource, readProperty, readPropertyAt } from './properties.ts';
import type { ScopedConfig, SelectedRoute } from './route-table.ts';
import { readAttemptWish, readSelection } from './selection.ts';
import type { HttpStream } from './stream.ts';

/** What happens to a stream by a module's will or failure. */
export interface FilterVerdicts {
  replyLocally(reply: LocalReply): void;
  fail(failure: Failure): void;
  resetDownstream(): void;
  /** A half goes on at the module's place. */
  resume(half: Half, place: number): void;
  /** Whether a local reply can still be given. */
  readonly answerable: boolean;
}

/**
 * The modules' side of a stream: their slots, what they noted during a callback, the route they
 * selected. What a module asks for is done after it has returned (`settle`), never inside.
 */
export class StreamFilters implements SlotStream {
  readonly #stream: HttpStream;
  readonly #slots: FilterSlot[] = [];
  #timers: Timer[] | null = null;
  #state: Map<string, Uint8Array> | null = null;
  selected: SelectedRoute | null = null;
  /** Each attempt goes out with its host's name. */
  rewritesHost = false;
  #source: { readonly stream: HttpStream; plugin: Plugin } | null = null;
  #notedReply: LocalReply | null = null;
  #notedFailure: Failure | null = null;
  #notedReset = false;
  #notedResumes: { readonly place: number; readonly half: Half }[] | null = null;
  #routeStale = true;
  /** Names that the selection has looked at, as `HeaderMap.askedNames`. */
  #routeReads = 0;
  /** A module was told a configuration of the route. */
  #scoped = false;
  #closed = false;

  constructor(stream: HttpStream) {
    this.#stream = stream;
  }

  get slots(): readonly RoadFilter[] {
    return this.#slots;
  }

  /** Makes a context in every module on the road; false where one cannot be had. */
  open(): boolean {
    const { plugins, roadLength } = this.#stream.service.chain;
    let served = true;
    for (let place = 0; place < plugins.length; place++) {
      const slot = new FilterSlot(this, plugins[place], place);
      this.#slots.push(slot);
      if (place < roadLength && !slot.open()) served = false;
    }
    return served;
  }

  /**
   * Asks the router again if the cache was cleared since it last was asked, or a header edited that
   * it looked at.
   */
  refreshRoute(): void {
    const { chain, routes } = this.#stream.service;
    const { request } = this.#stream;
    if (chain.routerAt < 0 || request === null) return;
    if (!this.#routeStale && (request.editedNames & this.#routeReads) === 0) return;
    this.#routeStale = false;
    request.forgetEdits();
    request.forgetAsked();
    const slot = this.#slots[chain.routerAt];
    const address = slot.selectRoute(routes.configId);
    this.#routeReads = request.askedNames;
    const vm = slot.context?.vm;
    if (address === TRAPPED || vm === undefined) return;
    this.selected = address === 0 ? null : readSelection(vm, address, routes);
    this.#scopeConfigs(this.selected);
    this.settle();
  }

  /** Tells what became of an attempt; the first module that wishes something is obeyed. */
  attemptOutcome(attempt: number, outcome: number): AttemptWish | null {
    for (const slot of this.#slots) {
      if (!slot.plugin.has.onAttempt || !slot.opened || slot.configId === 0) continue;
      const address = slot.attempt(attempt, outcome);
      const vm = slot.context?.vm;
      if (address === TRAPPED || address === 0 || vm === undefined) continue;
      const wish = readAttemptWish(vm, address);
      if ((wish.flags & ext.WISH_RETRY_LIMIT) !== 0) this.addFlags(responseFlag('URX'));
      return wish;
    }
    return null;
  }

  /** The stream is over: done, log, delete for each; modules that only log get their turn. */
  close(): void {
    this.#closed = true;
    if (this.#timers !== null) for (const timer of this.#timers) timer.cancel();
    for (const slot of this.#slots) slot.close();
    for (const plugin of this.#stream.service.chain.loggers) {
      new FilterSlot(this, plugin, -1).log();
    }
  }

  map(mapType: number): HeaderMap | null {
    switch (mapType) {
      case maps.REQUEST_HEADERS:
        return this.#stream.request;
      case maps.REQUEST_TRAILERS:
        return this.#stream.requestTrailers;
      case maps.RESPONSE_HEADERS:
        return this.#stream.response;
      case maps.RESPONSE_TRAILERS:
        return this.#stream.responseTrailers;
      default:
        return null;
    }
  }

  beforeHead(slot: FilterSlot, half: Half): void {
    if (half === 'request' && slot.place === this.#stream.service.chain.routerAt) {
      this.refreshRoute();
    }
  }

  noteReply(reply: LocalReply): number {
    if (this.#closed || !this.#stream.answerable) return status.BAD_ARGUMENT;
    this.#notedReply ??= reply;
    return status.OK;
  }

  resetByFilter(): void {
    this.#notedReset = true;
  }

  filterFailed(): void {
    this.#notedFailure = failure('filter-failed');
  }

  settle(): void {
    if (this.#closed) return;
    if (this.#notedReset) {
      this.#notedReset = false;
      this.addFlags(responseFlag('LR'));
      this.#stream.resetDownstream();
    } else if (this.#notedFailure !== null) {
      const failure = this.#notedFailure;
      this.#notedFailure = null;
      this.#notedReply = null;
      this.#stream.fail(failure);
    } else if (this.#notedReply !== null) {
      const reply = this.#notedReply;
      this.#notedReply = null;
      this.#stream.replyLocally(reply);
    } else if (this.#notedResumes !== null) {
      const resumes = this.#notedResumes;
      this.#notedResumes = null;
      for (const { half, place } of resumes) this.#stream.resume(half, place);
    }
  }

  noteResume(slot: FilterSlot, half: Half): void {
    this.#notedResumes ??= [];
    this.#notedResumes.push({ place: slot.place, half });
  }

  addFlags(bits: number): void {
    this.#stream.info.flags |= bits;
  }

  setTimer(slot: FilterSlot, delayMs: number): void {
    const { clock } = this.#stream.services;
    this.#timers ??= [];
    this.#timers.push(clock.setTimer(delayMs, () => slot.timerFired()));
  }

  readProperty(slot: FilterSlot, path: Uint8Array, range: ByteRange, sink: PropertySink): number {
    return readProperty(this.#sourceFor(slot), path, range.start, range.end, sink);
  }

  readPropertyAt(slot: FilterSlot, path: PropertyPath, sink: PropertySink): number {
    return readPropertyAt(this.#sourceFor(slot), path, sink);
  }

  writeProperty(path: string, value: Uint8Array): number {
    this.#state ??= new Map();
    this.#state.set(path, value);
    return status.OK;
  }

  /** What a module wrote under that name for the others. */
  filterState(name: string): Uint8Array | undefined {
    return this.#state?.get(name);
  }

  clearRouteCache(): void {
    this.#routeStale = true;
  }

  rewriteHostPerAttempt(): void {
    this.rewritesHost = true;
  }

  randomValue(): number {
    return this.#stream.randomValue;
  }

  /** One module reads at a time: one object serves all. */
  #sourceFor({ plugin }: FilterSlot): PropertySource {
    this.#source ??= { stream: this.#stream, plugin };
    this.#source.plugin = plugin;
    return this.#source;
  }

  #scopeConfigs(selected: SelectedRoute | null): void {
    const scoped = selected?.route.scoped ?? NO_CONFIGS;
    if (scoped.length === 0 && !this.#scoped) return;
    this.#scoped = true;
    for (const slot of this.#slots) {
      const config = scoped.find((entry) => entry.place === slot.place);
      if (config === undefined) {
        if (slot.configId !== 0) slot.routeConfig(0);
      } else if (slot.opened || slot.open()) {
        slot.routeConfig(config.configId);
      } else {
        this.filterFailed();
      }
    }
  }
}

const NO_CONFIGS: readonly ScopedConfig[] = [];
