import type { CodecServices } from './h1-options.ts';
import { DEFAULT_HEADER_LIMITS, type HeaderLimits } from './header-map.ts';

/** How a connection speaks HTTP/2 (`envoy.config.core.v3.Http2ProtocolOptions`). */
export interface Http2Options {
  /** Streams at the same time; what the peer allows may be fewer. */
  readonly streamsMax: number;
  /** What the peer may send on one stream before we have read it. */
  readonly streamWindowBytes: number;
  readonly connectionWindowBytes: number;
  /** HPACK's dynamic table, each way. */
  readonly headerTableBytes: number;
  /** PINGs; null = none. */
  readonly keepAlive: KeepAlive | null;
}

export interface KeepAlive {
  readonly intervalMs: number;
  /** A PING that is not answered so long ends the connection. */
  readonly timeoutMs: number;
}

export interface H2ClientOptions extends CodecServices {
  readonly limits: HeaderLimits;
  readonly http2: Http2Options;
  /** 1xx heads before one final head; more of them break the protocol. */
  readonly informationalMax: number;
}

/**
 * Envoy's defaults but for the windows: its 16 and 24 MiB would let each unread stream hold so
 * much; one stream may hold what a cluster buffers per connection.
 */
export const DEFAULT_HTTP2: Http2Options = {
  streamsMax: 1024,
  streamWindowBytes: 1024 * 1024,
  connectionWindowBytes: 16 * 1024 * 1024,
  headerTableBytes: 4096,
  keepAlive: null,
};

export function h2ClientOptions(
  options: CodecServices & Partial<H2ClientOptions>,
): H2ClientOptions {
  return {
    limits: DEFAULT_HEADER_LIMITS,
    http2: DEFAULT_HTTP2,
    informationalMax: 20,
    ...options,
  };
}
