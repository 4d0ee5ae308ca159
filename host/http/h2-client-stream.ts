import { type ClientHttp2Stream, type ClientSessionRequestOptions, constants } from 'node:http2';
import { NO_BYTES } from '@lateen/sdk/base/bytes';
import type { MessageReceiver, MessageWriter, ResetReason } from './codec.ts';
import type { Flushable } from './flush-queue.ts';
import { h2RequestFields, h2TrailerFields, takeH2Fields } from './h2-fields.ts';
import type { H2ClientOptions } from './h2-options.ts';
import { isRequest, statedLength, statusOf } from './head-writer.ts';
import type { HeaderMap } from './header-map.ts';
import { METHOD } from './pseudo-fields.ts';

/** What a stream needs of its connection. */
export interface H2StreamHost {
  readonly options: H2ClientOptions;
  /** Why the connection ends, null while it does not. */
  readonly ending: { readonly reason: ResetReason; readonly detail: string } | null;
  request(fields: readonly string[], options: ClientSessionRequestOptions): ClientHttp2Stream;
  streamOver(stream: H2ClientStream): void;
}

/** A frame's head; what HPACK makes of fields cannot be seen from here. */
const FRAME_BYTES = 9;
const NO_DATA = Buffer.alloc(0);

/**
 * - `head`: no head was written
 * - `held`: the head waits for what follows it in this turn
 * - `body`: data may be written; `ended`: nothing may
 */
type Sending = 'head' | 'held' | 'body' | 'ended';
/** `answered`: all of the answer was delivered; `dead`: the receiver hears nothing more. */
type Receiving = 'head' | 'body' | 'answered' | 'dead';

/**
 * One request and its answer as a stream of an HTTP/2 connection. Calls after its end do nothing.
 *
 * When node resets a stream it first ends its writing half, so that half a request would look whole
 * to the server. A stream that is told to wait for trailers does not; so each does that sends its
 * body in parts, at the price of a frame. One whose body is all there with the head need not.
 */
export class H2ClientStream implements MessageWriter, Flushable {
  readonly receiver: MessageReceiver;
  readonly onOver: () => void;
  wireBytesReceived = 0;
  wireBytesSent = 0;
  readonly #host: H2StreamHost;
  #stream: ClientHttp2Stream | null = null;
  #sending: Sending = 'head';
  #receiving: Receiving = 'head';
  /** Bytes that the stated length still wants; -1 = no length was stated. */
  #left = -1;
  #informational = 0;
  #trailers: HeaderMap | null = null;
  #fields: readonly string[] = [];
  #requestTrailers: HeaderMap | null = null;
  #refused = false;
  /** nghttp2 found fault with what the server sent. */
  #broken = false;

  constructor(host: H2StreamHost, receiver: MessageReceiver, onOver: () => void) {
    this.#host = host;
    this.receiver = receiver;
    this.onOver = onOver;
  }

  // Writing.

  writeHead(head: HeaderMap, end: boolean): boolean {
    if (this.#sending !== 'head' || this.#receiving === 'dead') return true;
    if (!isRequest(head) || head.valueText(METHOD) === 'CONNECT') {
      this.#refuse('filter_removed_required_request_headers');
      return false;
    }
    this.#left = end ? -1 : statedLength(head);
    this.wireBytesSent += FRAME_BYTES + head.bytes;
    this.#fields = h2RequestFields(head, end);
    if (end) {
      this.#sending = 'ended';
      return this.#begin({ endStream: true });
    }
    this.#sending = 'held';
    this.#host.options.queue.add(this);
    return true;
  }

  /** The turn is over, and there was nothing behind the head. */
  flush(): void {
    if (this.#sending === 'held') this.#beginParts();
  }

  /** A request has no informational heads. */
  writeInformational(): boolean {
    return true;
  }

  writeData(chunk: Uint8Array, end: boolean): boolean {
    if (this.#sending !== 'held' && this.#sending !== 'body') return true;
    if (!this.#fits(chunk.length, end)) {
      this.#refuse('http2.content_length_mismatch');
      return false;
    }
    if (this.#sending === 'held') {
      const begun = end ? this.#begin({ endStream: false }) : this.#beginParts();
      if (!begun) return false;
    }
    return this.#write(chunk, end);
  }

  writeTrailers(trailers: HeaderMap): boolean {
    if (this.#sending === 'held') this.#beginParts();
    if (this.#sending !== 'body') return true;
    this.#requestTrailers = trailers;
    this.wireBytesSent += FRAME_BYTES + trailers.bytes;
    return this.writeData(NO_BYTES, true);
  }

  #beginParts(): boolean {
    this.#sending = 'body';
    return this.#begin({ endStream: false, waitForTrailers: true });
  }

  #begin(options: ClientSessionRequestOptions): boolean {
    try {
      this.#stream = this.#host.request(this.#fields, options);
    } catch (error) {
      this.#refuse(error instanceof Error ? `http2.refused: ${error.message}` : 'http2.refused');
      return false;
    }
    this.#listen(this.#stream);
    return true;
  }

  #write(chunk: Uint8Array, end: boolean): boolean {
    const stream = this.#stream;
    if (stream === null || stream.destroyed) return true;
    if (chunk.length > 0) this.wireBytesSent += FRAME_BYTES + chunk.length;
    if (!end) return chunk.length === 0 || stream.write(chunk);
    this.#sending = 'ended';
    if (chunk.length > 0) stream.end(chunk);
    else stream.end();
    return true;
  }

  pauseReading(): void {
    this.#stream?.pause();
  }

  resumeReading(): void {
    if (this.#receiving !== 'dead') this.#stream?.resume();
  }

  reset(reason: ResetReason): void {
    if (this.#receiving === 'dead') return;
    this.#die(codeOf(reason));
  }

  // The connection's side.

  /** GOAWAY: a stream with a higher id was not looked at. */
  refusedAbove(lastStreamId: number): void {
    if (this.#stream?.id !== undefined && this.#stream.id > lastStreamId) this.#refused = true;
  }

  /** Nothing will come of this connection any more. */
  connectionLost(reason: ResetReason, detail: string): void {
    this.#ended(reason, detail);
    this.#host.streamOver(this);
  }

  // Reading.

  #listen(stream: ClientHttp2Stream): void {
    const { queue } = this.#host.options;
    stream.on('response', (_, flags, raw) => queue.inTurn(() => this.#onHead(raw, flags)));
    stream.on('headers', (_, flags, raw) => queue.inTurn(() => this.#onInformational(raw, flags)));
    stream.on('trailers', (_, __, raw) => queue.inTurn(() => this.#onTrailers(raw)));
    stream.on('data', (chunk: Buffer) => queue.inTurn(() => this.#onData(chunk)));
    stream.on('end', () => queue.inTurn(() => this.#onEnd()));
    stream.on('drain', () => queue.inTurn(() => this.#onWritable()));
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ERR_HTTP2_ERROR') this.#broken = true;
    });
    stream.on('close', () => queue.inTurn(() => this.#onClose(stream)));
    stream.on('wantTrailers', () => this.#sendTrailers(stream));
  }

  /** The end of the body, where it came in parts; not where the stream was reset. */
  #sendTrailers(stream: ClientHttp2Stream): void {
    if (this.#sending !== 'ended' || this.#receiving === 'dead') return;
    const map = this.#requestTrailers;
    stream.sendTrailers(map === null ? {} : h2TrailerFields(map));
  }

  #onHead(raw: readonly string[], flags: number): void {
    if (this.#receiving !== 'head') return;
    const map = this.#take(raw, 'response');
    if (map === null) return;
    const end = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    this.#receiving = end ? 'answered' : 'body';
    this.receiver.onHead(map, end);
  }

  /** 101 has no meaning here (RFC 9113 8.6). */
  #onInformational(raw: readonly string[], flags: number): void {
    if (this.#receiving !== 'head') return;
    const map = this.#take(raw, 'response');
    if (map === null) return;
    const end = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    const wrong = end || statusOf(map) === 101;
    if (wrong || ++this.#informational > this.#host.options.informationalMax) {
      this.#fail('protocol-error', 'http2.invalid_informational_response');
    } else {
      this.receiver.onInformational(map);
    }
  }

  /** They may overtake data that is not yet read. */
  #onTrailers(raw: readonly string[]): void {
    if (this.#receiving === 'body') this.#trailers = this.#take(raw, 'trailers');
  }

  #onData(chunk: Buffer): void {
    if (this.#receiving !== 'body') return;
    this.wireBytesReceived += FRAME_BYTES + chunk.length;
    this.receiver.onData(chunk, false);
  }

  #onEnd(): void {
    const stream = this.#stream;
    // A stream that is reset ends for its readers, too.
    if (this.#receiving !== 'body' || stream === null || stream.rstCode > 0) return;
    this.#receiving = 'answered';
    if (this.#trailers !== null) this.receiver.onTrailers(this.#trailers);
    else this.receiver.onData(NO_DATA, true);
  }

  #onWritable(): void {
    if (this.#receiving !== 'dead') this.receiver.onWritable();
  }

  #take(raw: readonly string[], kind: 'response' | 'trailers'): HeaderMap | null {
    const { maps, limits } = this.#host.options;
    const map = maps.take(limits);
    const fault = takeH2Fields(map, raw, kind);
    this.wireBytesReceived += FRAME_BYTES + map.bytes;
    if (fault === null) return map;
    maps.give(map);
    this.#fail(fault, fault === 'limit' ? 'http2.too_many_headers' : 'http2.invalid.header.field');
    return null;
  }

  // Ending.

  /** Whether the chunk agrees with the length that the head has stated. */
  #fits(size: number, end: boolean): boolean {
    if (this.#left < 0) return true;
    this.#left -= size;
    return end ? this.#left === 0 : this.#left >= 0;
  }

  #onClose(stream: ClientHttp2Stream): void {
    const [reason, detail] = this.#causeOf(stream.rstCode);
    this.#ended(reason, detail);
    this.#host.streamOver(this);
  }

  #causeOf(code: number): readonly [ResetReason, string] {
    const { ending } = this.#host;
    if (this.#refused || code === constants.NGHTTP2_REFUSED_STREAM) {
      return ['refused-stream', 'http2.remote_refuse'];
    }
    if (this.#broken) return ['protocol-error', 'http2.protocol_error'];
    if (ending !== null) return [ending.reason, ending.detail];
    if (code === constants.NGHTTP2_PROTOCOL_ERROR) return ['protocol-error', 'http2.remote_reset'];
    // node:http2's own limits of a head end a stream so.
    const early = this.#receiving === 'head' && code === constants.NGHTTP2_ENHANCE_YOUR_CALM;
    return early ? ['limit', 'http2.too_many_headers'] : ['remote-reset', 'http2.remote_reset'];
  }

  /** Tells the receiver, unless it has all or wants nothing. */
  #ended(reason: ResetReason, detail: string): void {
    const before = this.#receiving;
    this.#receiving = 'dead';
    this.#sending = 'ended';
    if (before === 'head' || before === 'body') this.receiver.onReset(reason, detail);
  }

  #fail(reason: ResetReason, detail: string): void {
    const before = this.#receiving;
    this.#die(codeOf(reason));
    if (before === 'head' || before === 'body') this.receiver.onReset(reason, detail);
  }

  /** The owner's request cannot be written. */
  #refuse(detail: string): void {
    this.#fail('local-reset', detail);
  }

  #die(code: number): void {
    this.#receiving = 'dead';
    this.#sending = 'ended';
    const stream = this.#stream;
    if (stream === null) {
      this.#host.streamOver(this);
      return;
    }
    // What is not read any more must not keep the stream from closing.
    stream.resume();
    stream.close(code);
  }
}

/** The code of our RST_STREAM (RFC 9113 7). */
function codeOf(reason: ResetReason): number {
  switch (reason) {
    case 'protocol-error':
      return constants.NGHTTP2_PROTOCOL_ERROR;
    case 'limit':
      return constants.NGHTTP2_ENHANCE_YOUR_CALM;
    case 'refused-stream':
      return constants.NGHTTP2_REFUSED_STREAM;
    default:
      return constants.NGHTTP2_CANCEL;
  }
}
