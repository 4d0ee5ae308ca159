import type { HeaderMap } from './header-map.ts';

/**
 * The codec seam. One message stream has two halves; a codec speaks to its owner through a
 * `MessageReceiver` and is spoken to through a `MessageWriter`. HTTP/1, HTTP/2 and the in-memory
 * codec of the tests all stand behind it, on the downstream and on the upstream side alike.
 */

/** Why a message stream ended before its end. */
export type ResetReason =
  /** The peer closed or reset the connection. */
  | 'remote-reset'
  /** The peer broke the protocol. */
  | 'protocol-error'
  /** A limit of ours was reached (head, header count, chunk extensions). */
  | 'limit'
  /** No byte within the idle time. */
  | 'idle-timeout'
  /** We are going away. */
  | 'local-reset'
  /** The upstream refused the stream before it looked at it (HTTP/2 REFUSED_STREAM, GOAWAY). */
  | 'refused-stream';

/** What a codec tells the owner of a message. Every call is made from the socket's turn. */
export interface MessageReceiver {
  /** The final head. `end`: no body and no trailers follow. */
  onHead(head: HeaderMap, end: boolean): void;
  /** A 1xx head; upstream side only. 100 and 101 included. */
  onInformational(head: HeaderMap): void;
  /** The chunk is the receiver's to keep. `end`: nothing follows. */
  onData(chunk: Buffer, end: boolean): void;
  /** Trailers; they are always the end. */
  onTrailers(trailers: HeaderMap): void;
  /**
   * Nothing follows, in either direction. `detail` says more, for logs: Envoy's response code
   * details. A downstream codec that says `protocol-error` or `limit` has answered 4xx itself if no
   * head had been written.
   */
  onReset(reason: ResetReason, detail: string): void;
  /** Bytes written earlier have drained below the low watermark. */
  onWritable(): void;
}

/** What the owner of a message asks of the codec. Writes return false above the high watermark. */
export interface MessageWriter {
  /** `end`: no body follows. Our own framing is chosen here (content-length or chunked). */
  writeHead(head: HeaderMap, end: boolean): boolean;
  writeInformational(head: HeaderMap): boolean;
  writeData(chunk: Uint8Array, end: boolean): boolean;
  writeTrailers(trailers: HeaderMap): boolean;
  /** Stops reading the peer's half of this stream; bytes stay in the kernel. */
  pauseReading(): void;
  resumeReading(): void;
  /** Ends both halves at once. HTTP/1 closes the connection. */
  reset(reason: ResetReason): void;
  /** Bytes of this stream on the wire so far, heads and framing included. */
  readonly wireBytesReceived: number;
  readonly wireBytesSent: number;
}

/** Facts of a connection that properties, access logs and policies ask for. */
export interface ConnectionInfo {
  /** Unique within the process. */
  readonly id: number;
  /** `10.0.0.1:1234` or `[::1]:1234`. */
  readonly remoteAddress: string;
  readonly localAddress: string;
  /** Empty where there is no TLS. */
  readonly tlsVersion: string;
  readonly requestedServerName: string;
  /** True when the peer showed a certificate that we verified. */
  readonly mtls: boolean;
  readonly uriSanPeerCertificate: string;
  readonly uriSanLocalCertificate: string;
}

/** A server connection hands each request to this; the answer receives the request's parts. */
export type AcceptStream = (writer: MessageWriter, connection: ConnectionInfo) => MessageReceiver;
