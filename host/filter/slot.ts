import * as action from '@lateen/sdk/abi/action';
import * as buffers from '@lateen/sdk/abi/buffers';
import * as maps from '@lateen/sdk/abi/maps';
import * as status from '@lateen/sdk/abi/status';
import type { BodyBuffer } from '../http/body-buffer.ts';
import type { HeaderMap } from '../http/header-map.ts';
import type { LocalReply, PropertyPath, PropertySink, StreamEffects } from '../wasm/effects.ts';
import { type StreamContext, TRAPPED } from '../wasm/vm.ts';
import type { Plugin } from './plugin.ts';
import type { Half, RoadFilter } from './road.ts';

/** What a slot needs of the stream it belongs to. */
export interface SlotStream {
  map(mapType: number): HeaderMap | null;
  noteReply(reply: LocalReply): number;
  /** Carries out what was noted during the callback that just returned. */
  settle(): void;
  /** A half that is not in a callback of this module now goes on at the module's place. */
  noteResume(slot: FilterSlot, half: Half): void;
  resetByFilter(): void;
  readProperty(slot: FilterSlot, path: Uint8Array, range: ByteRange, sink: PropertySink): number;
  readPropertyAt(slot: FilterSlot, path: PropertyPath, sink: PropertySink): number;
  writeProperty(path: string, value: Uint8Array): number;
  clearRouteCache(): void;
  rewriteHostPerAttempt(): void;
  addFlags(bits: number): void;
  /** The module trapped or cannot be had, and its policy is to fail the stream. */
  filterFailed(slot: FilterSlot): void;
  setTimer(slot: FilterSlot, delayMs: number): void;
  /** Called before a module sees a head; the router's place asks for the route again. */
  beforeHead(slot: FilterSlot, half: Half): void;
  /** The stream's random value, an integer below 2^53. */
  randomValue(): number;
}

export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * One module's place in one stream: its context in the VM, and what that module may do to the
 * stream. A trap ends the context; what happens to the stream then is the plugin's policy.
 */
export class FilterSlot implements RoadFilter, StreamEffects {
  readonly plugin: Plugin;
  /** Place in the chain. */
  readonly place: number;
  readonly #stream: SlotStream;
  #context: StreamContext | null = null;
  /** The body shown to the callback that runs now. */
  #body: BodyBuffer | null = null;
  #bodyHalf: Half = 'request';
  #calling: Half | null = null;
  #continueRequest = false;
  #continueResponse = false;
  configId = 0;

  constructor(stream: SlotStream, plugin: Plugin, place: number) {
    this.#stream = stream;
    this.plugin = plugin;
    this.place = place;
  }

  /** Makes the context. False where there is no VM and the policy is to fail the stream. */
  open(): boolean {
    this.#context = this.plugin.openStream(this);
    return this.#context !== null || this.plugin.failurePolicy === 'open';
  }

  get opened(): boolean {
    return this.#context !== null;
  }

  get context(): StreamContext | null {
    return this.#context;
  }

  seesHead(half: Half): boolean {
    if (this.#context === null) return false;
    return half === 'request'
      ? this.plugin.has.onRequestHeaders
      : this.plugin.has.onResponseHeaders;
  }

  seesBody(half: Half): boolean {
    if (this.#context === null) return false;
    return half === 'request' ? this.plugin.has.onRequestBody : this.plugin.has.onResponseBody;
  }

  seesTrailers(half: Half): boolean {
    if (this.#context === null) return false;
    const { has } = this.plugin;
    return half === 'request' ? has.onRequestTrailers : has.onResponseTrailers;
  }

  onHead(half: Half, end: boolean): number {
    const context = this.#context;
    if (context === null) return action.CONTINUE;
    this.#stream.beforeHead(this, half);
    this.#calling = half;
    const count = this.#stream.map(
      half === 'request' ? maps.REQUEST_HEADERS : maps.RESPONSE_HEADERS,
    );
    const fields = count === null ? 0 : count.count;
    return this.#returned(
      half === 'request'
        ? context.onRequestHeaders(fields, end)
        : context.onResponseHeaders(fields, end),
    );
  }

  onBody(half: Half, body: BodyBuffer, end: boolean): number {
    const context = this.#context;
    if (context === null) return action.CONTINUE;
    this.#calling = half;
    this.#body = body;
    this.#bodyHalf = half;
    const verdict =
      half === 'request'
        ? context.onRequestBody(body.length, end)
        : context.onResponseBody(body.length, end);
    this.#body = null;
    return this.#returned(verdict);
  }

  onTrailers(half: Half): number {
    const context = this.#context;
    if (context === null) return action.CONTINUE;
    this.#calling = half;
    const map = this.#stream.map(
      half === 'request' ? maps.REQUEST_TRAILERS : maps.RESPONSE_TRAILERS,
    );
    const fields = map === null ? 0 : map.count;
    return this.#returned(
      half === 'request' ? context.onRequestTrailers(fields) : context.onResponseTrailers(fields),
    );
  }

  takeContinue(half: Half): boolean {
    const noted = half === 'request' ? this.#continueRequest : this.#continueResponse;
    if (half === 'request') this.#continueRequest = false;
    else this.#continueResponse = false;
    return noted;
  }

  /** Asks the router module; the guest address of a RouteSelection, 0 for none, or TRAPPED. */
  selectRoute(configId: number): number {
    return this.#context === null ? 0 : this.#settled(this.#context.onRoute(configId));
  }

  routeConfig(configId: number): void {
    if (this.#context === null || this.configId === configId) return;
    this.configId = configId;
    this.#context.onRouteConfig(configId);
    this.#settled(0);
  }

  /** The guest address of an AttemptWish, 0 for none, or TRAPPED. */
  attempt(number: number, outcome: number): number {
    return this.#context === null ? 0 : this.#settled(this.#context.onAttempt(number, outcome));
  }

  timerFired(): void {
    if (this.#context === null) return;
    this.#context.onTimer();
    this.#settled(0);
  }

  /** The stream is over: a module that only logs is entered once. */
  log(): void {
    if (this.plugin.onlyLogs) this.plugin.logStream(this);
    else if (this.open()) this.close();
  }

  /** The stream is over: done, log, delete. Nothing the module asks for has an effect any more. */
  close(): void {
    const context = this.#context;
    this.#context = null;
    context?.close(true);
  }

  headerMap(mapType: number): HeaderMap | null {
    return this.#stream.map(mapType);
  }

  bodyBuffer(bufferType: number): BodyBuffer | null {
    const wanted: Half = bufferType === buffers.HTTP_REQUEST_BODY ? 'request' : 'response';
    return this.#bodyHalf === wanted ? this.#body : null;
  }

  sendLocalReply(reply: LocalReply): number {
    return this.#stream.noteReply(reply);
  }

  continueStream(streamType: number): number {
    if (streamType === buffers.STREAM_HTTP_REQUEST) return this.#noteContinue('request');
    if (streamType === buffers.STREAM_HTTP_RESPONSE) return this.#noteContinue('response');
    return streamType <= buffers.STREAM_UPSTREAM ? status.UNIMPLEMENTED : status.BAD_ARGUMENT;
  }

  closeStream(streamType: number): number {
    if (streamType > buffers.STREAM_UPSTREAM) return status.BAD_ARGUMENT;
    this.#stream.resetByFilter();
    return status.OK;
  }

  readProperty(path: Uint8Array, start: number, end: number, sink: PropertySink): number {
    return this.#stream.readProperty(this, path, { start, end }, sink);
  }

  readPropertyAt(path: PropertyPath, sink: PropertySink): number {
    return this.#stream.readPropertyAt(this, path, sink);
  }

  writeProperty(path: string, value: Uint8Array): number {
    return this.#stream.writeProperty(path, value);
  }

  clearRouteCache(): void {
    this.#stream.clearRouteCache();
  }

  rewriteHostPerAttempt(): void {
    this.#stream.rewriteHostPerAttempt();
  }

  addResponseFlags(bits: number): void {
    this.#stream.addFlags(bits);
  }

  setTimer(_contextId: number, delayMs: number): void {
    this.#stream.setTimer(this, delayMs);
  }

  randomValue(): number {
    return this.#stream.randomValue();
  }

  settle(): void {
    this.#stream.settle();
  }

  #noteContinue(half: Half): number {
    if (this.#calling === half) {
      if (half === 'request') this.#continueRequest = true;
      else this.#continueResponse = true;
    } else {
      this.#stream.noteResume(this, half);
    }
    return status.OK;
  }

  #returned(verdict: number): number {
    this.#calling = null;
    this.#settled(verdict);
    return verdict === TRAPPED ? action.CONTINUE : verdict;
  }

  #settled(result: number): number {
    if (result === TRAPPED || this.#context?.vm.alive === false) {
      this.#context = null;
      if (this.plugin.failurePolicy !== 'open') this.#stream.filterFailed(this);
    }
    this.#stream.settle();
    return result;
  }
}
