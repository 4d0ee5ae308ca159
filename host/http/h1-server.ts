import type { Socket } from 'node:net';
import { WheelTimer } from '../observe/timer-wheel.ts';
import { BodyInput } from './body-input.ts';
import type { AcceptStream, ConnectionInfo, ResetReason } from './codec.ts';
import { type HttpErrorCode, httpError } from './errors.ts';
import type { H1ServerOptions } from './h1-options.ts';
import { H1ServerStream, type StreamHost } from './h1-server-stream.ts';
import { FAILED, INCOMPLETE } from './head-facts.ts';
import { HeadParser } from './head-parser.ts';
import type { HeaderMap } from './header-map.ts';
import { Intake, type IntakeOwner } from './intake.ts';
import { Outbox } from './outbox.ts';
import { type H1ServerEvents, writeRejection } from './rejection.ts';
import { setScheme } from './request-line.ts';

export interface H1Server {
  /** From now on an answer says `Connection: close`. An idle connection waits for that answer. */
  drain(): void;
  /** Closes a connection that is between two requests; true where it closes or is closed. */
  closeIfIdle(): boolean;
  /** Ends the connection and its stream at once. */
  close(): void;
  /** 0 or 1. */
  readonly activeStreams: number;
}

/**
 * Speaks HTTP/1.1 to a client on `socket`, which should have been accepted with `allowHalfOpen` and
 * `noDelay`. Each request goes to `accept`; what is no request is answered here, and closed.
 */
export function openH1Server(
  socket: Socket,
  options: H1ServerOptions,
  accept: AcceptStream,
  connection: ConnectionInfo,
  events: H1ServerEvents,
): H1Server {
  return new H1ServerConnection(socket, options, accept, connection, events);
}

/**
 * - `head`: the next request's head, or nothing yet
 * - `body`: a request's body or trailers
 * - `answer`: the request was read; its answer is not finished
 * - `discard`: the answer is finished, the request's body not yet read
 * - `closing`: FIN is sent; what the client still sends is dropped
 */
type Phase = 'head' | 'body' | 'answer' | 'discard' | 'closing' | 'closed';

class H1ServerConnection implements H1Server, StreamHost, IntakeOwner {
  readonly out: Outbox;
  readonly #intake: Intake;
  readonly #socket: Socket;
  readonly #options: H1ServerOptions;
  readonly #accept: AcceptStream;
  readonly #info: ConnectionInfo;
  readonly #events: H1ServerEvents;
  readonly #parser: HeadParser;
  readonly #body: BodyInput;
  readonly #timer = new WheelTimer(() => this.#options.queue.inTurn(() => this.#onTimer()));
  #phase: Phase = 'head';
  #map: HeaderMap;
  #stream: H1ServerStream | null = null;
  #keepAlive = true;
  #draining = false;
  #halfClosed = false;
  #discardLeft = 0;
  /** While closing or half closed: bytes not yet sent when the timer fired last. */
  #unsent = 0;
  /** While half closed: bytes written when the timer fired last. */
  #written = 0;

  constructor(
    socket: Socket,
    options: H1ServerOptions,
    accept: AcceptStream,
    info: ConnectionInfo,
    events: H1ServerEvents,
  ) {
    this.#socket = socket;
    this.#options = options;
    this.#accept = accept;
    this.#info = info;
    this.#events = events;
    this.#map = options.maps.take(options.limits);
    this.#parser = new HeadParser('request', this.#map);
    this.#body = new BodyInput(options);
    this.out = new Outbox(socket, options.queue, options.bufferBytesMax, () => this.#onWritable());
    const { queue } = options;
    this.#intake = new Intake(socket, queue, this);
    socket.on('end', () => queue.inTurn(() => this.#onEnd()));
    socket.on('error', () => {});
    socket.on('close', () => queue.inTurn(() => this.#onClose()));
    this.#parser.begin(this.#map);
    this.#arm(shorter(options.firstByteTimeoutMs, options.idleTimeoutMs));
  }

  get activeStreams(): number {
    return this.#stream === null ? 0 : 1;
  }

  get trailers(): boolean {
    return this.#options.trailers;
  }

  drain(): void {
    this.#draining = true;
  }

  closeIfIdle(): boolean {
    if (this.#phase !== 'head' || !this.#parser.untouched) return this.#phase === 'closed';
    this.#options.queue.inTurn(() => this.#beginClosing());
    return true;
  }

  close(): void {
    this.#fail('local-reset', 'downstream_local_disconnect');
  }

  // The stream's side.

  closesAfter(): boolean {
    if (!this.#keepAlive || this.#draining || this.#halfClosed) return true;
    if (this.#phase !== 'body') return false;
    // The client waits for a 100 that will not come, or has much to send that nobody reads.
    if (this.#parser.facts.expectContinue && this.#stream?.continueSent === false) return true;
    // Once the answer is out we would close unsaid, and a client with a pool would write into it.
    return Number.isFinite(this.#body.left) && !this.#canDiscard();
  }

  onAnswerEnd(): void {
    const stream = this.#stream;
    this.#stream = null;
    this.#intake.release();
    if (stream === null || this.#phase === 'closed') return;
    if (stream.closes || this.#halfClosed) this.#beginClosing();
    else if (this.#phase === 'answer') this.#beginHead();
    else if (this.#canDiscard()) this.#beginDiscard();
    else this.#beginClosing();
  }

  pauseReading(): void {
    if (this.#phase === 'body') this.#intake.hold();
  }

  resumeReading(): void {
    this.#intake.release();
  }

  abort(): void {
    this.#stream?.detach();
    this.#stream = null;
    this.#destroy();
  }

  refuseAnswer(detail: string): void {
    this.#fail('local-reset', detail);
  }

  // Reading.

  reads(): boolean {
    return this.#phase === 'head' || this.#phase === 'body' || this.#phase === 'discard';
  }

  step(chunk: Buffer, at: number): number {
    const next = this.#phase === 'head' ? this.#readHead(chunk, at) : this.#readBody(chunk, at);
    return next < 0 ? chunk.length : next;
  }

  #readHead(chunk: Buffer, from: number): number {
    const fresh = this.#parser.untouched;
    const at = this.#parser.feed(chunk, from);
    if (at === FAILED) {
      this.#reject(this.#parser.error);
      return FAILED;
    }
    if (at === INCOMPLETE) {
      if (fresh) this.#arm(this.#options.headerTimeoutMs);
      return INCOMPLETE;
    }
    this.#beginRequest();
    return at;
  }

  #beginRequest(): void {
    const { facts } = this.#parser;
    const http10 = facts.minorVersion === 0;
    if (http10 && !this.#options.acceptHttp10) {
      this.#reject('low-version');
      return;
    }
    this.#options.timers.cancel(this.#timer);
    const map = this.#map;
    setScheme(map, this.#options.secure);
    this.#keepAlive = !facts.close && (!http10 || facts.keepAlive);
    this.#body.begin(facts.chunked ? -1 : Math.max(0, facts.contentLength), facts.chunked);
    const end = this.#body.ended;
    this.#phase = end ? 'answer' : 'body';
    const stream = new H1ServerStream(this, { isHead: facts.isHead, http10 });
    stream.wireBytesReceived = this.#parser.headBytes;
    this.#stream = stream;
    this.#map = this.#options.maps.take(this.#options.limits);
    const receiver = this.#accept(stream, this.#info);
    stream.receiver = receiver;
    if (stream.open) receiver.onHead(map, end);
  }

  #readBody(chunk: Buffer, from: number): number {
    const at = this.#body.read(chunk, from);
    if (at === FAILED) {
      this.#reject(this.#body.error);
      return FAILED;
    }
    if (this.#phase === 'discard') {
      this.#discarded(at - from);
      return at;
    }
    const stream = this.#stream;
    if (stream === null) return at;
    stream.wireBytesReceived += at - from;
    if (this.#body.ended) this.#phase = 'answer';
    if (stream.receiver !== null) this.#body.deliver(stream.receiver);
    return at;
  }

  // Between and behind requests.

  #beginHead(): void {
    this.#phase = 'head';
    this.#parser.begin(this.#map);
    if (!this.#intake.hasRest) this.#arm(this.#options.idleTimeoutMs);
    this.#intake.wake();
  }

  #canDiscard(): boolean {
    const { left } = this.#body;
    return !Number.isFinite(left) || left <= this.#options.drainBytesMax;
  }

  #beginDiscard(): void {
    this.#phase = 'discard';
    this.#discardLeft = this.#options.drainBytesMax;
    this.#arm(this.#options.delayedCloseTimeoutMs);
    this.#intake.wake();
  }

  #discarded(size: number): void {
    this.#discardLeft -= size;
    if (this.#body.ended) this.#beginHead();
    else if (this.#discardLeft < 0) this.#beginClosing();
  }

  /** Sends FIN behind the last answer and drops what still comes, for a while. */
  #beginClosing(): void {
    this.#phase = 'closing';
    this.#intake.stop();
    this.#unsent = Number.POSITIVE_INFINITY;
    this.out.end();
    this.#arm(this.#options.delayedCloseTimeoutMs);
  }

  /** The time to close has come, unless the client is still taking what it was sent. */
  #finishClosing(): void {
    const unsent = this.#socket.writableLength;
    if (unsent === 0 || unsent === this.#unsent) {
      this.#destroy();
      return;
    }
    this.#unsent = unsent;
    this.#arm(this.#options.flushTimeoutMs);
  }

  /** Answers what is no request and closes; a stream that had begun hears of a reset instead. */
  #reject(code: HttpErrorCode): void {
    const { details, status } = httpError(code);
    const stream = this.#stream;
    this.#stream = null;
    const answered = this.#phase === 'discard' || stream?.answered === true;
    const wireBytesSent = answered ? 0 : writeRejection(this.out, code);
    if (stream?.answered === true) this.#destroy();
    else this.#beginClosing();
    if (stream !== null) {
      stream.detach();
      stream.receiver?.onReset(status === 400 ? 'protocol-error' : 'limit', details);
    } else if (!answered) {
      const read = { head: this.#map, wireBytesReceived: this.#parser.heldBytes };
      this.#events.onRejected({ code, status, details, ...read, wireBytesSent }, this.#info);
    }
  }

  #arm(delayMs: number): void {
    if (delayMs > 0) this.#options.timers.arm(this.#timer, delayMs);
    else this.#options.timers.cancel(this.#timer);
  }

  #onTimer(): void {
    if (this.#phase === 'head' && this.#parser.untouched) this.#beginClosing();
    else if (this.#phase === 'head') this.#reject('header-timeout');
    else if (this.#phase === 'discard') this.#beginClosing();
    else if (this.#phase === 'closing') this.#finishClosing();
    else if (!this.#stillTaking()) this.#fail('remote-reset', 'downstream_remote_disconnect');
  }

  /** The client has closed its half. */
  #onEnd(): void {
    this.#halfClosed = true;
    if (this.#phase === 'head' && !this.#parser.untouched) this.#reject('bad-request-line');
    else if (this.#phase === 'head' || this.#phase === 'discard') this.#beginClosing();
    else if (this.#phase === 'body') this.#fail('remote-reset', 'downstream_remote_disconnect');
    else if (this.#phase === 'answer') this.#arm(Math.max(1, this.#options.halfCloseGraceMs));
  }

  /**
   * A client that closed its half is either gone or waits for the rest of its answer, and only
   * sending tells: it may wait as long as there is something to send and it takes it.
   */
  #stillTaking(): boolean {
    const { bytesWritten, writableLength } = this.#socket;
    if (this.#stream?.answered !== true) return false;
    const more = bytesWritten !== this.#written;
    const taken = writableLength > 0 && writableLength !== this.#unsent;
    this.#written = bytesWritten;
    this.#unsent = writableLength;
    if (more) this.#arm(Math.max(1, this.#options.halfCloseGraceMs));
    else if (taken) this.#arm(this.#options.flushTimeoutMs);
    return more || taken;
  }

  #onClose(): void {
    this.#fail('remote-reset', 'downstream_remote_disconnect');
    this.#options.timers.cancel(this.#timer);
    this.#events.onClose(this.#info);
  }

  #fail(reason: ResetReason, detail: string): void {
    const stream = this.#stream;
    this.#stream = null;
    this.#destroy();
    if (stream === null) return;
    stream.detach();
    stream.receiver?.onReset(reason, detail);
  }

  #destroy(): void {
    this.#phase = 'closed';
    this.#intake.stop();
    this.out.discard();
    this.#options.timers.cancel(this.#timer);
    if (!this.#socket.destroyed) this.#socket.destroy();
  }

  #onWritable(): void {
    this.#options.queue.inTurn(() => this.#stream?.receiver?.onWritable());
  }
}

/** Of two limits the one that ends first; 0 is none. */
function shorter(one: number, other: number): number {
  return one === 0 || other === 0 ? Math.max(one, other) : Math.min(one, other);
}
