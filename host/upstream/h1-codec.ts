import { openH1Client } from '../http/h1-client.ts';
import { type CodecServices, h1ClientOptions } from '../http/h1-options.ts';
import { DEFAULT_HEADER_LIMITS, type HeaderLimits } from '../http/header-map.ts';
import type { OpenClientCodec } from './upstream-protocol.ts';

/** HTTP/1.1 on a cluster's connections, within the limits that the cluster sets. */
export function createH1Codec(services: CodecServices): OpenClientCodec {
  return (socket, { http, bufferBytesMax }, events) => {
    const limits: HeaderLimits = {
      headersMax: http.headersMax || DEFAULT_HEADER_LIMITS.headersMax,
      headerBytesMax: http.headerBytesMax || DEFAULT_HEADER_LIMITS.headerBytesMax,
    };
    const { trailers } = http;
    const options = h1ClientOptions({ ...services, limits, trailers, bufferBytesMax });
    return openH1Client(socket, options, events);
  };
}
