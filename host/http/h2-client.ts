import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type ClientSessionRequestOptions,
  connect,
  constants,
  type Settings,
} from 'node:http2';
import type { Socket } from 'node:net';
import type { Timer } from '@lateen/sdk/base/clock';
import type { MessageReceiver, MessageWriter, ResetReason } from './codec.ts';
import { H2ClientStream, type H2StreamHost } from './h2-client-stream.ts';
import type { H2ClientOptions } from './h2-options.ts';

export interface H2ClientEvents {
  /** The server has said its settings: it speaks HTTP/2, and streams may start. */
  onReady(): void;
  /** A stream has ended, or the server allows more: `room` may have grown. */
  onRoom(): void;
  /** The server takes no further streams (GOAWAY); those it has taken go on. */
  onGoaway(): void;
  /** Gone, with so many streams; called once, after they were told. `detail` says why. */
  onClose(detail: string, streamsLost: number): void;
}

export interface H2Client {
  /** Starts a stream; only while there is `room`. `onOver` is called once, when it has ended. */
  startStream(receiver: MessageReceiver, onOver: () => void): MessageWriter;
  /** Streams that may start now. */
  readonly room: number;
  /** Streams that have started and not ended. */
  readonly streams: number;
  /** No further streams; closes when the last has ended. */
  finish(): void;
  /** Ends the connection and its streams at once. */
  close(): void;
}

/**
 * Speaks HTTP/2 to a server with prior knowledge (RFC 9113 3.3) on a connected `socket` that nobody
 * reads. Framing, HPACK and flow control are node:http2's; this is the seam.
 */
export function openH2Client(
  socket: Socket,
  options: H2ClientOptions,
  events: H2ClientEvents,
): H2Client {
  return new H2ClientConnection(socket, options, events);
}

/** Streams of a server that sets no limit; more on one connection would starve each other. */
const STREAMS_WITHOUT_LIMIT = 2 ** 31 - 1;
/** Room for head and trailers in node's own count of fields, above which it resets by itself. */
const PAIRS_MARGIN = 16;
/** What nghttp2 may hold for all streams of a connection, in MB. */
const SESSION_MEMORY_MB = 256;
/** Node names the authority of its own requests by it; ours say their own. */
const ANY_AUTHORITY = 'http://lateen.invalid';

/** Envoy's names for what ended a connection. */
const TERMINATED = 'connection_termination';
const PROTOCOL_ERROR = 'http2.protocol_error';
const PING_TIMEOUT = 'http2.ping_timeout';

interface Ending {
  readonly reason: ResetReason;
  readonly detail: string;
  /** Streams that it takes along. */
  readonly streams: number;
}

class H2ClientConnection implements H2Client, H2StreamHost {
  readonly options: H2ClientOptions;
  readonly #session: ClientHttp2Session;
  readonly #events: H2ClientEvents;
  readonly #streams = new Set<H2ClientStream>();
  #ready = false;
  #allowed = 0;
  #draining = false;
  #closed = false;
  #ending: Ending | null = null;
  #ping: Timer | null = null;

  constructor(socket: Socket, options: H2ClientOptions, events: H2ClientEvents) {
    this.options = options;
    this.#events = events;
    const { queue } = options;
    // Before node's own listener, so that streams can tell why they end.
    socket.on('close', () => this.#endsBy('remote-reset', TERMINATED));
    this.#session = connect(ANY_AUTHORITY, sessionOptions(socket, options));
    const session = this.#session;
    session.on('error', (error) => this.#endsBy('remote-reset', describe(error)));
    session.on('remoteSettings', (settings) => queue.inTurn(() => this.#settings(settings)));
    session.on('goaway', (code, last) => queue.inTurn(() => this.#goaway(code, last)));
    session.on('close', () => queue.inTurn(() => this.#sessionClosed()));
    // A push that we have forbidden breaks the protocol; nghttp2 ends the connection.
    session.on('stream', (pushed) => pushed.close(constants.NGHTTP2_REFUSED_STREAM));
    session.setLocalWindowSize(options.http2.connectionWindowBytes);
    this.#armPing();
  }

  get room(): number {
    if (!this.#ready || this.#draining || this.#closed || this.#session.closed) return 0;
    return Math.max(0, this.#allowed - this.#streams.size);
  }

  get streams(): number {
    return this.#streams.size;
  }

  get ending(): Ending | null {
    return this.#ending;
  }

  startStream(receiver: MessageReceiver, onOver: () => void): MessageWriter {
    const stream = new H2ClientStream(this, receiver, onOver);
    this.#streams.add(stream);
    return stream;
  }

  finish(): void {
    this.#draining = true;
    if (this.#streams.size === 0) this.close();
  }

  close(): void {
    if (this.#closed) return;
    this.#endsBy('local-reset', 'local_reset');
    this.#session.destroy();
    this.options.queue.inTurn(() => this.#sessionClosed());
  }

  // The streams' side.

  request(fields: readonly string[], options: ClientSessionRequestOptions): ClientHttp2Stream {
    return this.#session.request(fields, options);
  }

  streamOver(stream: H2ClientStream): void {
    if (!this.#streams.delete(stream)) return;
    stream.onOver();
    if (this.#closed) return;
    if (this.#streams.size === 0 && this.#draining) this.close();
    else this.#events.onRoom();
  }

  // The session's side.

  #settings(settings: Settings): void {
    const { streamsMax } = this.options.http2;
    const peers = settings.maxConcurrentStreams ?? STREAMS_WITHOUT_LIMIT;
    this.#allowed = Math.min(streamsMax, peers);
    if (this.#closed) return;
    if (this.#ready) {
      this.#events.onRoom();
      return;
    }
    this.#ready = true;
    this.#events.onReady();
  }

  /** RFC 9113 6.8: what is above the last stream was not looked at, and may be sent again. */
  #goaway(code: number, lastStreamId: number): void {
    if (code !== constants.NGHTTP2_NO_ERROR || this.#streams.size === 0) {
      this.#endsBy('remote-reset', `http2.remote_goaway_${code}`);
    }
    for (const stream of [...this.#streams]) stream.refusedAbove(lastStreamId);
    if (this.#draining || this.#closed) return;
    this.#draining = true;
    this.#events.onGoaway();
    if (this.#streams.size === 0) this.close();
  }

  #sessionClosed(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ping?.cancel();
    this.#ping = null;
    const { reason, detail, streams } = this.#endsBy('remote-reset', TERMINATED);
    for (const stream of [...this.#streams]) stream.connectionLost(reason, detail);
    this.#events.onClose(detail, streams);
  }

  /** The first cause is the one that counts. */
  #endsBy(reason: ResetReason, detail: string): Ending {
    this.#ending ??= { reason, detail, streams: this.#streams.size };
    return this.#ending;
  }

  #armPing(): void {
    const { clock, http2 } = this.options;
    if (http2.keepAlive === null || this.#closed) return;
    this.#ping = clock.setTimer(http2.keepAlive.intervalMs, () => this.#sendPing());
  }

  #sendPing(): void {
    const { clock, http2 } = this.options;
    const session = this.#session;
    if (http2.keepAlive === null || session.destroyed) return;
    this.#ping = clock.setTimer(http2.keepAlive.timeoutMs, () => this.#pingTimedOut());
    session.ping((error) => {
      if (error !== null || this.#closed) return;
      this.#ping?.cancel();
      this.#armPing();
    });
  }

  #pingTimedOut(): void {
    this.#endsBy('remote-reset', PING_TIMEOUT);
    this.close();
  }
}

function sessionOptions(socket: Socket, { limits, http2 }: H2ClientOptions) {
  return {
    createConnection: () => socket,
    settings: {
      enablePush: false,
      initialWindowSize: http2.streamWindowBytes,
      headerTableSize: http2.headerTableBytes,
      maxHeaderListSize: limits.headerBytesMax + 32 * limits.headersMax,
    },
    maxDeflateDynamicTableSize: http2.headerTableBytes,
    maxHeaderListPairs: limits.headersMax + PAIRS_MARGIN,
    maxSessionMemory: SESSION_MEMORY_MB,
    peerMaxConcurrentStreams: http2.streamsMax,
    strictSingleValueFields: false,
  };
}

/** nghttp2's own complaint about the peer, or the system's about the socket. */
function describe(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.message;
  return code === 'ERR_HTTP2_ERROR' ? `${PROTOCOL_ERROR}: ${error.message}` : code;
}
