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

test('the codec may stand among the upstream filters, as it does in Envoy', async () => {
  const type = 'envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec';
  const codec = { name: 'c', typedConfig: { '@type': `type.googleapis.com/${type}` } };
  const request = await openRouter({
    routes: [to('c', ALL)],
    settings: { upstreamHttpFilters: [codec] },
  });
  expect(request({}).cluster).toBe('c');
});

test('no configuration, however odd, ends the module', async () => {
  const places = pathsIn(RICH);
  const change = fc.record({
    place: fc.nat(places.length - 1),
    value: fc.jsonValue({ maxDepth: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(change, async ({ place, value }) => {
      const odd = replaced(RICH, places[place], value as Json) as { readonly routes: Json[] };
      try {
        const request = await openRouter({ routes: odd.routes });
        request({ path: '/a/b?q=1', headers: [['x', '1']] });
      } catch (error) {
        expect(String(error)).toContain('refuses the configuration');
      }
    }),
    { numRuns: 300 },
  );
});

/** Every kind of thing that a route can hold. */
const RICH: Json = {
  routes: [
    {
      name: 'a',
      match: {
        prefix: '/a',
        caseSensitive: false,
        runtimeFraction: { defaultValue: { numerator: 99, denominator: 'MILLION' } },
        headers: [
          { name: 'x', stringMatch: { safeRegex: { regex: '.*' } } },
          { name: 'y', rangeMatch: { start: '1', end: '5' }, invertMatch: true },
        ],
        queryParameters: [{ name: 'q', stringMatch: { exact: '1' } }],
      },
      route: {
        weightedClusters: {
          clusters: [{ name: 'c', weight: 1, hostRewriteLiteral: 'h' }],
          headerName: 'x',
        },
        regexRewrite: { pattern: { regex: 'a' }, substitution: '\\1' },
        timeout: '1s',
        idleTimeout: '2s',
        maxStreamDuration: { maxStreamDuration: '3s', grpcTimeoutHeaderMax: '1s' },
        hostRewritePathRegex: { pattern: { regex: 'b' }, substitution: 'c' },
      },
      requestHeadersToAdd: [
        { header: { key: 'k', value: '%REQ(x?y):3%' }, appendAction: 'ADD_IF_ABSENT' },
      ],
      responseHeadersToRemove: ['r'],
    },
    { match: { safeRegex: { regex: '/r' } }, redirect: { portRedirect: 1, stripQuery: true } },
    { match: { path: '/d' }, directResponse: { status: 200, body: { inlineBytes: 'AAAA' } } },
    to('rest', ALL),
  ],
};

function pathsIn(
  value: Json | undefined,
  path: readonly string[] = [],
): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [
    path,
    ...Object.entries(value).flatMap(([key, item]) => pathsIn(item, [...path, key])),
  ].filter((found) => found.length > 1);
}

function replaced(value: Json | undefined, path: readonly string[], by: Json): Json {
  const [key, ...rest] = path;
  if (key === undefined) return by;
  const entries = Object.entries(value as Record<string, Json>).map(
    ([name, item]) => [name, name === key ? replaced(item, rest, by) : item] as const,
  );
  return Array.isArray(value)
    ? entries.map(([, item]) => item ?? null)
    : Object.fromEntries(entries);
}
