import type { JsonObject } from '@lateen/sdk/base/json';
import { describe, expect, it } from 'vitest';
import { clusterConfig } from '../testing/cluster-bench.ts';

function httpOptions(json: JsonObject): JsonObject {
  const name = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
  return { typedExtensionProtocolOptions: { [name]: json } };
}

describe('a cluster', () => {
  it('reads HTTP/2 with its options', () => {
    const options = {
      maxConcurrentStreams: 50,
      initialStreamWindowSize: 65_536,
      initialConnectionWindowSize: 1_048_576,
      hpackTableSize: 0,
      connectionKeepalive: { interval: '30s', timeout: '5s' },
    };
    const read = {
      protocol: 'http2',
      http2: {
        streamsMax: 50,
        streamWindowBytes: 65_536,
        connectionWindowBytes: 1_048_576,
        headerTableBytes: 0,
        keepAlive: { intervalMs: 30_000, timeoutMs: 5000 },
      },
    };
    const explicit = httpOptions({ explicitHttpConfig: { http2ProtocolOptions: options } });
    expect(clusterConfig(explicit).http).toMatchObject(read);
    expect(clusterConfig({ http2ProtocolOptions: options }).http).toMatchObject(read);
  });

  it('takes the old field for nothing where there are options, and auto for HTTP/1 without TLS', () => {
    const http1 = httpOptions({ explicitHttpConfig: { httpProtocolOptions: {} } });
    expect(clusterConfig({ ...http1, http2ProtocolOptions: {} }).http.protocol).toBe('http1');
    const auto = httpOptions({ autoConfig: { http2ProtocolOptions: {} } });
    expect(clusterConfig(auto).http.protocol).toBe('http1');
  });
});
