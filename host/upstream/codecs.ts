import { openH1Client } from '../http/h1-client.ts';
import { type CodecServices, h1ClientOptions } from '../http/h1-options.ts';
import { openH2Client } from '../http/h2-client.ts';
import { h2ClientOptions } from '../http/h2-options.ts';
import { DEFAULT_HEADER_LIMITS, type HeaderLimits } from '../http/header-map.ts';
import type { HttpOptions } from './http-options.ts';
import type { ClientCodecs } from './upstream-protocol.ts';

/** HTTP/1.1 and HTTP/2 on a cluster's connections, within the limits that the cluster sets. */
export function createClientCodecs(services: CodecServices): ClientCodecs {
  return {
    openH1(socket, { http, bufferBytesMax }, events) {
      const { trailers } = http;
      const limits = limitsOf(http);
      const options = h1ClientOptions({ ...services, limits, trailers, bufferBytesMax });
      return openH1Client(socket, options, events);
    },
    openH2(socket, { http }, events) {
      const { http2 } = http;
      const limits = limitsOf(http);
      return openH2Client(socket, h2ClientOptions({ ...services, limits, http2 }), events);
    },
  };
}

function limitsOf(http: HttpOptions): HeaderLimits {
  return {
    headersMax: http.headersMax || DEFAULT_HEADER_LIMITS.headersMax,
    headerBytesMax: http.headerBytesMax || DEFAULT_HEADER_LIMITS.headerBytesMax,
  };
}
