import type { JsonReader } from '@lateen/sdk/base/json-reader';
import { DEFAULT_HTTP2, type Http2Options, type KeepAlive } from '../http/h2-options.ts';

const WINDOW_MIN = 65_535;
const UINT31_MAX = 2 ** 31 - 1;
/** Beyond it each connection would keep more for its tables than for its streams. */
const HEADER_TABLE_MAX = 1024 * 1024;

/** nghttp2 has limits of its own for these; tightening or loosening them has no effect. */
const OWN_LIMITS = [
  'maxOutboundFrames',
  'maxOutboundControlFrames',
  'maxConsecutiveInboundFramesWithEmptyPayload',
  'maxInboundPriorityFramesPerStream',
  'maxInboundWindowUpdateFramesPerDataFrameSent',
  'streamErrorOnInvalidHttpMessaging',
  'overrideStreamErrorOnInvalidHttpMessage',
  'useOghttp2Codec',
  'maxMetadataSize',
];

/** Reads `envoy.config.core.v3.Http2ProtocolOptions`; ranges are Envoy's. */
export function readHttp2(reader: JsonReader): Http2Options {
  const value: Http2Options = {
    streamsMax: within(reader, 'maxConcurrentStreams', DEFAULT_HTTP2.streamsMax, 1, UINT31_MAX),
    streamWindowBytes: within(
      reader,
      'initialStreamWindowSize',
      DEFAULT_HTTP2.streamWindowBytes,
      WINDOW_MIN,
      UINT31_MAX,
    ),
    connectionWindowBytes: within(
      reader,
      'initialConnectionWindowSize',
      DEFAULT_HTTP2.connectionWindowBytes,
      WINDOW_MIN,
      UINT31_MAX,
    ),
    headerTableBytes: within(
      reader,
      'hpackTableSize',
      DEFAULT_HTTP2.headerTableBytes,
      0,
      HEADER_TABLE_MAX,
    ),
    keepAlive: readKeepAlive(reader),
  };
  for (const field of ['allowConnect', 'allowMetadata', 'customSettingsParameters']) {
    if (reader.has(field)) reader.problem('warning', 'LAT0602', 'has no effect yet', field);
  }
  reader.ignore('allowConnect', 'allowMetadata', 'customSettingsParameters', ...OWN_LIMITS);
  reader.warnUnread();
  return value;
}

function readKeepAlive(reader: JsonReader): KeepAlive | null {
  if (!reader.has('connectionKeepalive')) return null;
  const keepAlive = reader.object('connectionKeepalive');
  const intervalMs = keepAlive.durationMs('interval', 0);
  const timeoutMs = keepAlive.durationMs('timeout', 0);
  // Jitter and the idle interval only thin out or add PINGs.
  keepAlive.ignore('intervalJitter', 'connectionIdleInterval');
  keepAlive.refuseUnread();
  if (timeoutMs <= 0) {
    reader.error('a timeout greater than 0 is required', 'connectionKeepalive.timeout');
  }
  return intervalMs > 0 ? { intervalMs, timeoutMs } : null;
}

function within(
  reader: JsonReader,
  field: string,
  fallback: number,
  min: number,
  max: number,
): number {
  const value = reader.number(field, fallback);
  if (value < min || value > max) reader.error(`must be between ${min} and ${max}`, field);
  return value;
}
