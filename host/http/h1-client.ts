import type { Socket } from 'node:net';
import { BodyInput } from './body-input.ts';
import type { MessageReceiver, MessageWriter, ResetReason } from './codec.ts';
import { type ClientStreamHost, H1ClientStream } from './h1-client-stream.ts';
import type { H1ClientOptions } from './h1-options.ts';
import { FAILED, INCOMPLETE } from './head-facts.ts';
import { HeadParser } from './head-parser.ts';
import type { HeaderMap } from './header-map.ts';
import { Intake, type IntakeOwner } from './intake.ts';
import { Outbox } from './outbox.ts';

export interface H1ClientEvents {
  /** The last stream has ended and another may start. */
  onIdle(): void;
  /** The connection takes no further stream; called once, after the last stream was told. */
  onClose(): void;
}

export interface H1Client {
  /** Starts the next request; only while `reusable`. */
  startStream(receiver: MessageReceiver): MessageWriter;
  /** Open, and no stream is active. */
  readonly reusable: boolean;
  /** Ends the connection and its stream at once. */
  close(): void;
}

/** Speaks HTTP/1.1 to a server on a connected `socket` (`noDelay`), one stream after the other. */
export function openH1Client(
  socket: Socket,
  options: H1ClientOptions,
  events: H1ClientEvents,
): H1Client {
  return new H1ClientConnection(socket, options, events);
}

/**
 * - `idle`: no stream; any byte is one too many
 * - `head`: an answer's head is awaited
 * - `body`: an answer's body or trailers
 * - `answered`: the answer was read, the request is still being written
 */
type Phase = 'idle' | 'head' | 'body' | 'answered' | 'closed';

class H1ClientConnection implements H1Client, ClientStreamHost, IntakeOwner {
  readonly out: Outbox;
  readonly #intake: Intake;
  readonly #socket: Socket;
  readonly #options: H1ClientOptions;
  readonly #events: H1ClientEvents;
  readonly #parser: HeadParser;
  readonly #body: BodyInput;
  #phase: Phase = 'idle';
  #map: HeaderMap;
  #stream: H1ClientStream | null = null;
  /** No further stream after this one. */
  #last = false;
  #informational = 0;

  constructor(socket: Socket, options: H1ClientOptions, events: H1ClientEvents) {
    this.#socket = socket;
    this.#options = options;
    this.#events = events;
    this.#map = options.maps.take(options.limits);
    this.#parser = new HeadParser('response', this.#map);
    this.#body = new BodyInput(options);
    this.out = new Outbox(socket, options.queue, options.bufferBytesMax, () => this.#onWritable());
    const { queue } = options;
    this.#intake = new Intake(socket, queue, this);
    socket.on('end', () => queue.inTurn(() => this.#onEnd()));
    socket.on('error', () => {});
    socket.on('close', () => queue.inTurn(() => this.#fail('remote-reset', TERMINATED)));
  }

  get reusable(): boolean {
    return this.#phase === 'idle' && !this.#socket.destroyed;
  }

  get trailers(): boolean {
    return this.#options.trailers;
  }

  startStream(receiver: MessageReceiver): MessageWriter {
    const stream = new H1ClientStream(this, receiver);
    this.#stream = stream;
    this.#phase = 'head';
    this.#informational = 0;
    this.#parser.begin(this.#map);
    return stream;
  }

  close(): void {
    this.#options.queue.inTurn(() => this.#fail('local-reset', 'local_reset'));
  }

  // The stream's side.

  onRequestEnd(): void {
    if (this.#phase === 'answered') this.#finishStream();
  }

  pauseReading(): void {
    this.#intake.hold();
  }

  resumeReading(): void {
    this.#intake.release();
  }

  abort(stream: H1ClientStream): void {
    if (this.#stream !== stream) return;
    this.#stream = null;
    // Nothing of the request has left: to the server there never was one.
    if (!stream.flushed && this.#phase === 'head' && this.#parser.untouched) {
      this.out.discard();
      this.#becomeIdle();
    } else {
      this.#fail('local-reset', 'local_reset');
    }
  }

  refuseRequest(detail: string): void {
    this.#fail('local-reset', detail);
  }

  // Reading.

  reads(): boolean {
    return this.#phase !== 'closed';
  }

  step(chunk: Buffer, at: number): number {
    switch (this.#phase) {
      case 'head':
        return this.#readHead(chunk, at);
      case 'body':
        return this.#readBody(chunk, at);
      default:
        // Bytes behind the answer, or without a request: whatever they are, they are not ours.
        this.#retire();
        return chunk.length;
    }
  }

  #readHead(chunk: Buffer, from: number): number {
    const stream = this.#stream;
    const at = this.#parser.feed(chunk, from);
    if (stream !== null) {
      stream.wireBytesReceived += (at < 0 ? chunk.length : at) - from;
    }
    if (at === INCOMPLETE) return chunk.length;
    if (at === FAILED || stream === null || !this.#takeHead(stream)) {
      this.#fail('protocol-error', PROTOCOL_ERROR);
      return chunk.length;
    }
    if (this.#phase === 'answered') this.#answered(stream, at < chunk.length);
    return at;
  }

  /** RFC 9112 6.3; false where the head breaks the protocol. */
  #takeHead(stream: H1ClientStream): boolean {
    const { facts } = this.#parser;
    const { status } = facts;
    const unsized = !facts.chunked && facts.contentLength <= 0;
    if (status < 200) return status !== 101 && unsized && this.#takeInformational(stream, status);
    if (status === 204 && !unsized) return false;
    // An answer to a request whose head was not sent is none.
    if (!stream.headSent) return false;
    const bodyless = stream.isHead || status === 204 || status === 304;
    if (bodyless) this.#body.begin(0, false);
    else this.#body.begin(facts.contentLength, facts.chunked);
    this.#last ||= facts.close || (facts.minorVersion === 0 && !facts.keepAlive);
    this.#last ||= this.#body.untilClose;
    const map = this.#map;
    this.#map = this.#options.maps.take(this.#options.limits);
    // Whoever waits for a 100 and gets an answer instead may send its body or not (RFC 9110
    // 10.1.1): the server cannot know what the next bytes are.
    this.#last ||= stream.awaitsContinue && !stream.requestEnded;
    this.#phase = this.#body.ended ? 'answered' : 'body';
    stream.receiver.onHead(map, this.#body.ended);
    return true;
  }

  #takeInformational(stream: H1ClientStream, status: number): boolean {
    if (++this.#informational > this.#options.informationalMax || !stream.headSent) return false;
    const map = this.#map;
    this.#map = this.#options.maps.take(this.#options.limits);
    this.#parser.begin(this.#map);
    if (status === 100) stream.awaitsContinue = false;
    stream.receiver.onInformational(map);
    return true;
  }

  #readBody(chunk: Buffer, from: number): number {
    const at = this.#body.read(chunk, from);
    if (at === FAILED) {
      this.#fail('protocol-error', PROTOCOL_ERROR);
      return chunk.length;
    }
    const stream = this.#stream;
    if (stream === null) return at;
    stream.wireBytesReceived += at - from;
    if (this.#body.ended) this.#phase = 'answered';
    this.#body.deliver(stream.receiver);
    if (this.#phase === 'answered') this.#answered(stream, at < chunk.length);
    return at;
  }

  /**
   * The whole answer was delivered. Bytes behind it would be read as the answer to the next
   * request: with them the connection has seen its last.
   */
  #answered(stream: H1ClientStream, bytesBehind: boolean): void {
    if (this.#stream !== stream) return;
    stream.answered = true;
    this.#last ||= bytesBehind;
    if (stream.requestEnded) this.#finishStream();
  }

  #finishStream(): void {
    this.#stream?.detach();
    this.#stream = null;
    if (this.#last) this.#retire();
    else this.#becomeIdle();
  }

  #becomeIdle(): void {
    this.#phase = 'idle';
    this.#intake.release();
    // Bytes that are there already belong to no answer: reading them will close the connection.
    if (!this.#intake.hasRest) this.#events.onIdle();
  }

  // Ending.

  #onEnd(): void {
    const stream = this.#stream;
    if (this.#phase === 'body' && this.#body.untilClose && stream !== null) {
      this.#phase = 'answered';
      stream.receiver.onData(Buffer.alloc(0), true);
      this.#answered(stream, false);
    }
    if (this.#phase === 'answered') this.#last = true;
    else this.#fail('remote-reset', TERMINATED);
  }

  /** The connection is of no use any more, or has said what nobody asked for. */
  #retire(): void {
    this.#fail('remote-reset', TERMINATED);
  }

  #fail(reason: ResetReason, detail: string): void {
    const stream = this.#stream;
    this.#stream = null;
    const closing = this.#destroy();
    if (stream !== null) {
      stream.detach();
      if (!stream.answered) stream.receiver.onReset(reason, detail);
    }
    if (closing) this.#events.onClose();
  }

  /** True where the connection was open until now. */
  #destroy(): boolean {
    if (this.#phase === 'closed') return false;
    this.#phase = 'closed';
    this.#intake.stop();
    this.out.discard();
    if (!this.#socket.destroyed) this.#socket.destroy();
    return true;
  }

  #onWritable(): void {
    this.#options.queue.inTurn(() => this.#stream?.receiver.onWritable());
  }
}

/** Envoy's names for what ended the stream. */
const TERMINATED = 'connection_termination';
const PROTOCOL_ERROR = 'protocol_error';
