import type { Json, JsonObject } from '@lateen/sdk/base/json';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openRouter, type RouterPlan, to } from './testing/open-router.ts';

const ALL = { prefix: '/' };
const route = (more: JsonObject): RouterPlan => ({
  routes: [{ match: ALL, route: { cluster: 'c', ...more } }],
});
const match = (more: JsonObject): RouterPlan => ({
  routes: [to('c', ALL), to('c', { ...ALL, ...more })],
});

const refused: readonly [plan: RouterPlan, field: string, reason: string][] = [
  [
    match({ dynamicMetadata: [{ filter: 'f' }] }),
    'virtual_hosts[0].routes[1].match.dynamic_metadata',
    'not supported',
  ],
  [match({ tlsContext: { presented: true } }), 'match.tls_context', 'not supported'],
  [match({ headers: [{ stringMatch: { exact: 'x' } }] }), 'match.headers[0].name', 'missing'],
  [
    match({ headers: [{ name: 'x', stringMatch: { safeRegex: { regex: '(' } } }] }),
    'match.headers[0].string_match.safe_regex.regex',
    'not a regular expression',
  ],
  [
    match({ headers: [{ name: 'x', stringMatch: { custom: { name: 'y' } } }] }),
    'match.headers[0].string_match.custom',
    'not supported',
  ],
  [{ routes: [to('c', { safeRegex: { regex: 'a{' + '9999}' } })] }, 'match.safe_regex', 'regular'],
  [{ routes: [to('c', { connectMatcher: {} })] }, 'match.connect_matcher', 'not supported'],
  [route({ metadataMatch: { filterMetadata: {} } }), 'route.metadata_match', 'not supported'],
  [route({ rateLimits: [{}] }), 'route.rate_limits', 'not supported'],
  [route({ autoHostRewrite: true }), 'route.auto_host_rewrite', 'not supported'],
  [
    { routes: [{ match: ALL, route: { clusterSpecifierPlugin: 'p' } }] },
    'route.cluster_specifier_plugin',
    'not supported',
  ],
  [
    { routes: [{ match: ALL, route: { weightedClusters: { clusters: [{ name: 'a' }] } } }] },
    'route.weighted_clusters.clusters',
    'weights',
  ],
  [{ routes: [{ match: ALL }] }, 'routes[0]', 'needs route'],
  [
    { routes: [to('c', ALL, { requestHeadersToAdd: [{ header: { key: 'a', value: '%NO%' } }] })] },
    'request_headers_to_add[0].header.value',
    'operator that is not supported: %NO%',
  ],
  [
    { routes: [to('c', ALL, { requestHeadersToAdd: [{ header: { key: 'Host', value: 'x' } }] })] },
    'request_headers_to_add[0].header.key',
    'may not be modified',
  ],
  [
    { routes: [to('c', ALL, { responseHeadersToRemove: [':status'] })] },
    'response_headers_to_remove',
    'may not be modified',
  ],
  [
    { routes: [{ match: ALL, directResponse: { status: 99 } }] },
    'direct_response.status',
    'not from 200',
  ],
  [
    {
      routes: [
        { match: ALL, directResponse: { status: 200, body: { inlineString: 'x'.repeat(4097) } } },
      ],
    },
    'virtual_hosts[0]',
    'above 4096 bytes',
  ],
  [
    {
      virtualHosts: [
        { name: 'a', domains: ['x'], routes: [] },
        { name: 'b', domains: ['y', 'X'], routes: [] },
      ],
    },
    'virtual_hosts[1].domains[1]',
    'in use already: X',
  ],
  [{ table: { vhds: {} } }, 'vhds', 'not supported'],
  [{ virtualHost: { cors: {} } }, 'virtual_hosts[0].cors', 'not supported'],
  [{ settings: { upstreamHttpFilters: [{}] } }, 'upstream_http_filters', 'not supported'],
];

test.each(refused)('%o is refused at %s', async (plan, field, reason) => {
  await expect(openRouter(plan)).rejects.toThrow(field);
  await expect(openRouter(plan)).rejects.toThrow(reason);
});

test('what changes neither way nor right of a request is warned of', async () => {
  const request = await openRouter(
    route({ hashPolicy: [{ sourceIp: true }], priority: 'HIGH', retryPolicy: { retryOn: '5xx' } }),
  );
  const routed = request({});
  expect(routed.cluster).toBe('c');
  expect(routed.host.log.lines.join('\n')).toMatch(/warn .*hashPolicy is not supported/);
  expect(routed.host.log.lines.join('\n')).not.toContain('retryPolicy');
});

test('no configuration, however odd, ends the module', async () => {
  const json: fc.Arbitrary<Json> = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<Json>;
  const plan = fc.record({
    match: json,
    route: json,
    requestHeadersToAdd: json,
    name: json,
  });
  await fc.assert(
    fc.asyncProperty(plan, async (odd) => {
      try {
        const request = await openRouter({ routes: [odd] });
        request({});
      } catch (error) {
        expect(String(error)).not.toMatch(/abort|unreachable|trapped/i);
      }
    }),
    { numRuns: 150 },
  );
});
