import type { JsonObject } from '@lateen/sdk/base/json';
import type { Problem } from '@lateen/sdk/base/problem';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ListenerConfig, parseListener } from './listener-config.ts';

const TYPES = 'type.googleapis.com/envoy.extensions.';
const HCM = {
  '@type': `${TYPES}filters.network.http_connection_manager.v3.HttpConnectionManager`,
  statPrefix: 'in',
};
const CHAIN = { filters: [{ name: 'hcm', typedConfig: HCM }] };
const ADDRESS = { socketAddress: { address: '127.0.0.1', portValue: 8080 } };

function listener(part: JsonObject): JsonObject {
  return { name: 'web', address: ADDRESS, filterChains: [CHAIN], ...part };
}

function good(json: JsonObject): ListenerConfig {
  const { value, problems } = parseListener(json);
  if (value === null) throw new Error(JSON.stringify(problems));
  return value;
}

function refusal(json: JsonObject): readonly string[] {
  const { value, problems } = parseListener(json);
  expect(value).toBeNull();
  const errors = problems.filter((problem: Problem) => problem.level === 'error');
  return errors.map((problem) => `${problem.origin.path}: ${problem.message}`);
}

describe('listener configuration', () => {
  it("takes Envoy's defaults for what is not set", () => {
    const config = good(listener({}));
    expect(config).toMatchObject({
      name: 'web',
      addresses: [{ host: '127.0.0.1', port: 8080 }],
      bindToPort: true,
      sniffFor: null,
      bufferBytesMax: 1024 * 1024,
      direction: 'UNSPECIFIED',
      statPrefix: '127.0.0.1_8080',
      listenerFilters: [],
      listenerFiltersTimeoutMs: 15_000,
      defaultChain: null,
      metadata: {},
    });
    expect(config.chains[0].hcm).toBe(HCM);
    expect(config.chains[0].hcmPath).toBe('filterChains[0].filters[0].typedConfig');
  });

  it('takes every field it knows', () => {
    const config = good(
      listener({
        additionalAddresses: [{ address: { socketAddress: { address: '::1', portValue: 81 } } }],
        bindToPort: false,
        perConnectionBufferLimitBytes: 32768,
        tcpBacklogSize: 10,
        trafficDirection: 'INBOUND',
        statPrefix: 'mine',
        listenerFilters: [
          listenerFilter('tls_inspector.v3.TlsInspector'),
          listenerFilter('http_inspector.v3.HttpInspector'),
          listenerFilter('original_dst.v3.OriginalDst'),
        ],
        listenerFiltersTimeout: '5s',
        continueOnListenerFiltersTimeout: true,
        metadata: { filterMetadata: { istio: { a: 1 } } },
        defaultFilterChain: { ...CHAIN, name: 'rest' },
        filterChains: [
          {
            ...CHAIN,
            filterChainMatch: {
              destinationPort: 9080,
              prefixRanges: [{ addressPrefix: '10.0.0.0', prefixLen: 8 }],
              serverNames: ['A.example.com', '*.b.example.com'],
              transportProtocol: 'raw_buffer',
              applicationProtocols: ['http/1.1'],
              sourceType: 'EXTERNAL',
              sourcePrefixRanges: [{ addressPrefix: '::', prefixLen: 0 }],
              directSourcePrefixRanges: [{ addressPrefix: '1.2.3.4', prefixLen: 32 }],
              sourcePorts: [1, 2],
            },
          },
        ],
      }),
    );
    expect(config).toMatchObject({
      addresses: [{ port: 8080 }, { host: '::1', port: 81 }],
      bindToPort: false,
      sniffFor: { tls: true, http: true },
      bufferBytesMax: 32768,
      backlog: 10,
      direction: 'INBOUND',
      statPrefix: 'mine',
      listenerFilters: ['tls_inspector', 'http_inspector', 'original_dst'],
      listenerFiltersTimeoutMs: 5000,
      continueOnListenerFiltersTimeout: true,
      metadata: { istio: { a: 1 } },
      defaultChain: { name: 'rest', hcmPath: 'defaultFilterChain.filters[0].typedConfig' },
    });
    expect(config.chains[0].match).toMatchObject({
      destinationPort: 9080,
      prefixRanges: [{ prefixLength: 8 }],
      serverNames: ['a.example.com', '*.b.example.com'],
      sourceType: 'EXTERNAL',
      sourcePorts: [1, 2],
    });
  });

  it.each<[string, JsonObject, string]>([
    ['no address', { address: {} }, 'address.socketAddress: an address is required'],
    [
      'a pipe',
      { address: { pipe: { path: '/x' } } },
      'address.pipe: addresses of this kind are not supported, only socketAddress',
    ],
    [
      'a name for an address',
      { address: { socketAddress: { address: 'localhost', portValue: 1 } } },
      'address.socketAddress.address: "localhost" is not an IP address',
    ],
    [
      'UDP',
      { address: { socketAddress: { address: '::', portValue: 1, protocol: 'UDP' } } },
      'address.socketAddress.protocol: UDP is not supported, only TCP',
    ],
    ['no chain', { filterChains: [] }, 'filterChains: at least one filter chain is required'],
    [
      'an unknown listener filter',
      { listenerFilters: [listenerFilter('proxy_protocol.v3.ProxyProtocol')] },
      `listenerFilters[0]: listener filter f (${TYPES}filters.listener.proxy_protocol.v3.ProxyProtocol) is not supported`,
    ],
    [
      'TLS',
      { filterChains: [{ ...CHAIN, transportSocket: { name: 'envoy.transport_sockets.tls' } }] },
      'filterChains[0].transportSocket: transport socket envoy.transport_sockets.tls is not supported yet: only cleartext listeners',
    ],
    [
      'a chain without filters',
      { filterChains: [{}] },
      'filterChains[0].filters: needs an HTTP connection manager',
    ],
    [
      'another network filter',
      { filterChains: [{ filters: [{ name: 'tcp', typedConfig: { '@type': 'x/tcp' } }] }] },
      'filterChains[0].filters[0]: network filter tcp (x/tcp) is not supported',
    ],
    [
      'two chains that match the same',
      { filterChains: [CHAIN, CHAIN] },
      'filterChains[1]: matches exactly what filterChains[0] matches',
    ],
    [
      'a wildcard inside a server name',
      { filterChains: [{ ...CHAIN, filterChainMatch: { serverNames: ['a.*.com'] } }] },
      'filterChains[0].filterChainMatch.serverNames: "a.*.com": a wildcard stands for whole leading labels only',
    ],
    [
      'a range that is none',
      {
        filterChains: [
          {
            ...CHAIN,
            filterChainMatch: { prefixRanges: [{ addressPrefix: '1.1.1.1', prefixLen: 33 }] },
          },
        ],
      },
      'filterChains[0].filterChainMatch.prefixRanges[0]: 1.1.1.1/33 is not an IP range',
    ],
    [
      'a match that it does not know',
      { filterChains: [{ ...CHAIN, filterChainMatch: { suffixLen: 3 } }] },
      'filterChains[0].filterChainMatch.suffixLen: is not supported',
    ],
    ['handing on by destination', { useOriginalDst: true }, 'useOriginalDst: is not supported yet'],
    ['a matcher tree', { filterChainMatcher: {} }, 'filterChainMatcher: is not supported'],
  ])('refuses %s, with the field path', (_, part, text) => {
    expect(refusal(listener(part))).toEqual([text]);
  });

  it('warns of what has no effect, and goes on', () => {
    const { value, problems } = parseListener(listener({ enableReusePort: true }));
    expect(value).not.toBeNull();
    expect(problems).toMatchObject([{ level: 'warning', origin: { path: 'enableReusePort' } }]);
  });

  it('looks at first bytes only where its chains differ by them', () => {
    const http = [listenerFilter('http_inspector.v3.HttpInspector')];
    const by = (filterChainMatch: JsonObject, listenerFilters: JsonObject[] = []) =>
      good(listener({ filterChains: [{ ...CHAIN, filterChainMatch }], listenerFilters })).sniffFor;
    expect(by({ destinationPort: 1 }, http)).toBeNull();
    expect(by({ serverNames: ['a'] })).toEqual({ tls: true, http: false });
    expect(by({ transportProtocol: 'raw_buffer' }, http)).toEqual({ tls: true, http: false });
    expect(by({ applicationProtocols: ['h2c'] }, http)).toEqual({ tls: true, http: true });
  });

  it('never throws, whatever the JSON', () => {
    const fields = ['address', 'filterChains', 'listenerFilters', 'metadata', 'defaultFilterChain'];
    fc.assert(
      fc.property(fc.constantFrom(...fields), fc.jsonValue(), (field, value) => {
        parseListener({ name: 'x', [field]: value });
        parseListener(listener({ [field]: value }));
      }),
    );
  });
});

function listenerFilter(type: string): JsonObject {
  return { name: 'f', typedConfig: { '@type': `${TYPES}filters.listener.${type}` } };
}
