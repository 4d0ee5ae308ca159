import { RESPONSE_FLAG_NO_ROUTE } from '@lateen/sdk/abi/extensions';
import type { JsonObject } from '@lateen/sdk/base/json';
import { describe, expect, test } from 'vitest';
import { openRouter, type RouterPlan, to } from './testing/open-router.ts';

const ALL = { prefix: '/' };

describe('virtual hosts', () => {
  const plan: RouterPlan = {
    virtualHosts: [
      ['exact', ['www.example.com', 'UPPER.example.com']],
      ['long-suffix', ['*.api.example.com']],
      ['suffix', ['*.example.com', '*-bar.example.org']],
      ['long-prefix', ['www.foo.*']],
      ['prefix', ['www.*']],
      ['port', ['reviews:9080']],
      ['any', ['*']],
    ].map(([name, domains]) => ({ name, domains, routes: [to(String(name), ALL)] })),
  };
  test.each([
    ['www.example.com', 'exact'],
    ['WWW.Example.com', 'exact'],
    ['upper.example.com', 'exact'],
    ['x.api.example.com', 'long-suffix'],
    ['x.y.api.example.com', 'long-suffix'],
    ['api.example.com', 'suffix'],
    ['foo-bar.example.org', 'suffix'],
    ['-bar.example.org', 'any'],
    ['www.foo.net', 'long-prefix'],
    ['www.net', 'prefix'],
    ['www.', 'any'],
    ['reviews:9080', 'port'],
    ['reviews', 'any'],
    ['www.example.com:80', 'prefix'],
  ])('%s is served by %s', async (authority, cluster) => {
    const request = await openRouter(plan);
    expect(request({ authority }).cluster).toBe(cluster);
  });

  test('are found without the port where the table says so', async () => {
    const virtualHosts = [{ name: 'v', domains: ['[::1]', 'a.b'], routes: [to('hit', ALL)] }];
    const request = await openRouter({ virtualHosts, table: { ignorePortInHostMatching: true } });
    expect(request({ authority: 'a.b:8080' }).cluster).toBe('hit');
    expect(request({ authority: 'a.b' }).cluster).toBe('hit');
    expect(request({ authority: '[::1]:80' }).cluster).toBe('hit');
    expect(request({ authority: '[::1]' }).cluster).toBe('hit');
  });

  test('that nobody has give 404 route_not_found and the flag NR', async () => {
    const request = await openRouter({
      virtualHosts: [{ name: 'v', domains: ['other'], routes: [to('hit', ALL)] }],
    });
    const routed = request({ authority: 'this' });
    expect(routed).toMatchObject({ status: '404', cluster: undefined, body: '' });
    expect(routed).toMatchObject({ details: 'route_not_found', flags: RESPONSE_FLAG_NO_ROUTE });
  });

  test('send plaintext to https where they require it', async () => {
    const request = await openRouter({
      virtualHost: { requireTls: 'ALL' },
      routes: [to('hit', ALL)],
    });
    const plain = request({ authority: 'a:80', path: '/x?y' });
    expect(plain.status).toBe('301');
    expect(plain.answered('location')).toBe('https://a/x?y');
    const tls = request({ headers: [['x-forwarded-proto', 'https']] });
    expect(tls.cluster).toBe('hit');
  });
});

describe('clusters', () => {
  test('share by weight', async () => {
    let random = 0;
    const clusters = [
      { name: 'a', weight: 10 },
      { name: 'none', weight: 0 },
      { name: 'b', weight: 30 },
    ];
    const request = await openRouter({
      random: () => random,
      routes: [{ match: ALL, route: { weightedClusters: { clusters } } }],
    });
    const seen = new Map<string | undefined, number>();
    for (let i = 0; i < 2000; i++) {
      random = i / 2000;
      const { cluster } = request({});
      seen.set(cluster, (seen.get(cluster) ?? 0) + 1);
    }
    expect(seen.get('none')).toBeUndefined();
    expect(seen.get('a')).toBeGreaterThan(400);
    expect(seen.get('a')).toBeLessThan(600);
    expect((seen.get('a') ?? 0) + (seen.get('b') ?? 0)).toBe(2000);
  });

  test('are picked by the number in a header where one is named', async () => {
    const clusters = [
      { name: 'a', weight: 1 },
      { name: 'b', weight: 1 },
    ];
    const request = await openRouter({
      routes: [{ match: ALL, route: { weightedClusters: { clusters, headerName: 'X-Pick' } } }],
    });
    expect(request({ headers: [['x-pick', '4']] }).cluster).toBe('a');
    expect(request({ headers: [['x-pick', '7']] }).cluster).toBe('b');
  });

  test('are named by a header; without it there is no route', async () => {
    const request = await openRouter({
      routes: [{ match: ALL, route: { clusterHeader: 'x-cluster' } }],
    });
    expect(request({ headers: [['x-cluster', 'chosen']] }).cluster).toBe('chosen');
    expect(request({}).status).toBe('404');
  });
});

describe('the path', () => {
  const cases: readonly [match: JsonObject, route: JsonObject, path: string, sent: string][] = [
    [{ prefix: '/a/' }, { prefixRewrite: '/' }, '/a/b?c', '/b?c'],
    [{ prefix: '/a' }, { prefixRewrite: '/x' }, '/ab', '/xb'],
    [{ path: '/a' }, { prefixRewrite: '/x' }, '/a?q=/a', '/x?q=/a'],
    [{ pathSeparatedPrefix: '/a' }, { prefixRewrite: '/x/y' }, '/a/b', '/x/y/b'],
    [{ prefix: '/A', caseSensitive: false }, { prefixRewrite: '/x' }, '/a/b', '/x/b'],
    [{ safeRegex: { regex: '/.*' } }, { prefixRewrite: '/x' }, '/a/b?c', '/x?c'],
    [
      { prefix: '/' },
      { regexRewrite: { pattern: { regex: '^/s/([^/]+)(/.*)$' }, substitution: '\\2/i/\\1' } },
      '/s/foo/v1/api?x=/s/',
      '/v1/api/i/foo?x=/s/',
    ],
    [
      { prefix: '/' },
      { regexRewrite: { pattern: { regex: 'one' }, substitution: 'two' } },
      '/xx/one/yy/one/zz',
      '/xx/two/yy/two/zz',
    ],
  ];
  test.each(cases)('%o with %o turns %s into %s', async (match, route, path, sent) => {
    const request = await openRouter({ routes: [{ match, route: { cluster: 'c', ...route } }] });
    const routed = request({ path });
    expect(routed.sent(':path')).toEqual([sent]);
    expect(routed.sent('x-envoy-original-path')).toEqual([path]);
  });

  test('stays without a trace where nothing is rewritten', async () => {
    const request = await openRouter({ routes: [to('c', ALL)] });
    expect(request({ path: '/a%20b?c' }).sent(':path')).toEqual(['/a%20b?c']);
    expect(request({ path: '/a' }).sent('x-envoy-original-path')).toEqual([]);
  });
});

describe('the host', () => {
  const cases: readonly [route: JsonObject, sent: string][] = [
    [{ hostRewriteLiteral: 'new' }, 'new'],
    [{ hostRewriteHeader: 'X-Host' }, 'from-header'],
    [{ hostRewriteHeader: 'x-missing' }, 'example.com'],
    [
      {
        hostRewritePathRegex: { pattern: { regex: '^/([^/]+)/.*$' }, substitution: '\\1.internal' },
      },
      'shop.internal',
    ],
  ];
  test.each(cases)('is rewritten by %o to %s', async (route, sent) => {
    const request = await openRouter({
      routes: [{ match: ALL, route: { cluster: 'c', ...route } }],
    });
    const routed = request({ path: '/shop/1', headers: [['x-host', 'from-header']] });
    expect(routed.sent(':authority')).toEqual([sent]);
    expect(routed.sent('x-envoy-original-host')).toEqual(
      sent === 'example.com' ? [] : ['example.com'],
    );
  });

  test('is kept in x-forwarded-host where the route says so', async () => {
    const route = { cluster: 'c', hostRewriteLiteral: 'new', appendXForwardedHost: true };
    const request = await openRouter({ routes: [{ match: ALL, route }] });
    expect(request({}).sent('x-forwarded-host')).toEqual(['example.com']);
  });

  test('of the weighted cluster wins', async () => {
    const clusters = [{ name: 'a', weight: 1, hostRewriteLiteral: 'of-cluster' }];
    const route = { weightedClusters: { clusters }, hostRewriteLiteral: 'of-route' };
    const request = await openRouter({ routes: [{ match: ALL, route }] });
    expect(request({}).sent(':authority')).toEqual(['of-cluster']);
  });
});

describe('a redirect', () => {
  const cases: readonly [redirect: JsonObject, location: string][] = [
    [{ pathRedirect: '/new' }, 'http://example.com:8080/new?q=1'],
    [{ pathRedirect: '/new', stripQuery: true }, 'http://example.com:8080/new'],
    [{ pathRedirect: '/new?own', stripQuery: true }, 'http://example.com:8080/new?own'],
    [{ prefixRewrite: '/n' }, 'http://example.com:8080/n/b?q=1'],
    [{ prefixRewrite: '/n', stripQuery: true }, 'http://example.com:8080/n/b'],
    [
      { regexRewrite: { pattern: { regex: '^/a/(.*)$' }, substitution: '/\\1/a' } },
      'http://example.com:8080/b/a?q=1',
    ],
    [{ hostRedirect: 'other.com' }, 'http://other.com/a/b?q=1'],
    [{ hostRedirect: 'other.com', portRedirect: 81 }, 'http://other.com:81/a/b?q=1'],
    [{ portRedirect: 81 }, 'http://example.com:81/a/b?q=1'],
    [{ schemeRedirect: 'ftp' }, 'ftp://example.com:8080/a/b?q=1'],
    [{ httpsRedirect: true }, 'https://example.com:8080/a/b?q=1'],
    [{ httpsRedirect: true, hostRedirect: 'x' }, 'https://x/a/b?q=1'],
  ];
  test.each(cases)('%o leads to %s', async (redirect, location) => {
    const request = await openRouter({ routes: [{ match: { prefix: '/a' }, redirect }] });
    const routed = request({ authority: 'example.com:8080', path: '/a/b?q=1' });
    expect(routed.answered('location')).toBe(location);
    expect(routed.status).toBe('301');
    expect(routed.cluster).toBeUndefined();
  });

  test('drops the port that belongs to the scheme it leaves', async () => {
    const request = await openRouter({
      routes: [{ match: ALL, redirect: { httpsRedirect: true } }],
    });
    const location = (authority: string) => request({ authority, path: '/' }).answered('location');
    expect(location('a:80')).toBe('https://a/');
    expect(location('a:81')).toBe('https://a:81/');
    expect(location('[::1]:80')).toBe('https://[::1]/');
    expect(location('[::1]')).toBe('https://[::1]/');
  });

  test.each([
    ['FOUND', '302'],
    ['SEE_OTHER', '303'],
    ['TEMPORARY_REDIRECT', '307'],
    ['PERMANENT_REDIRECT', '308'],
  ])('%s has status %s', async (responseCode, status) => {
    const redirect = { pathRedirect: '/x', responseCode };
    const request = await openRouter({ routes: [{ match: ALL, redirect }] });
    expect(request({}).status).toBe(status);
  });
});

test('a direct response has its status and body', async () => {
  const request = await openRouter({
    routes: [
      { match: { path: '/t' }, directResponse: { status: 418, body: { inlineString: 'tea' } } },
      { match: { path: '/b' }, directResponse: { status: 200, body: { inlineBytes: 'aGkA/w==' } } },
      { match: { path: '/e' }, directResponse: { status: 204 } },
    ],
  });
  expect(request({ path: '/t' })).toMatchObject({ status: '418', body: 'tea', cluster: undefined });
  expect([...request({ path: '/b' }).bytes]).toEqual([0x68, 0x69, 0, 0xff]);
  expect(request({ path: '/e' })).toMatchObject({ status: '204', body: '' });
});

describe('the time limit', () => {
  const cases: readonly [route: JsonObject, header: string | null, expected: string[]][] = [
    [{}, null, ['15000']],
    [{ timeout: '2.5s' }, null, ['2500']],
    [{ timeout: '0s' }, null, []],
    [{ timeout: '2s' }, '700', ['700']],
    [{ timeout: '2s' }, '0', []],
    [{ timeout: '2s' }, 'soon', ['2000']],
  ];
  test.each(cases)('of %o with the header %s is told as %o', async (route, header, expected) => {
    const request = await openRouter({
      routes: [{ match: ALL, route: { cluster: 'c', ...route } }],
    });
    const headers = header === null ? [] : [['x-envoy-upstream-rq-timeout-ms', header] as const];
    const routed = request({ headers });
    expect(routed.sent('x-envoy-expected-rq-timeout-ms')).toEqual(expected);
    expect(routed.sent('x-envoy-upstream-rq-timeout-ms')).toEqual([]);
  });

  test('that the proxy before expects counts where the settings say so', async () => {
    const plan = { routes: [to('c', ALL)], settings: { respectExpectedRqTimeout: true } };
    const request = await openRouter(plan);
    const headers: [string, string][] = [
      ['x-envoy-expected-rq-timeout-ms', '300'],
      ['x-envoy-upstream-rq-timeout-ms', '700'],
    ];
    expect(request({ headers }).sent('x-envoy-expected-rq-timeout-ms')).toEqual(['300']);
  });

  test('ends a request that takes too long', async () => {
    const route = { cluster: 'c', timeout: '0.500s' };
    const request = await openRouter({ routes: [{ match: ALL, route }], answer: 'silent' });
    const { host } = request({});
    const exchange = host.request({});
    host.clock.advance(400);
    expect(exchange.response.headers).toEqual([]);
    host.clock.advance(200);
    expect(exchange.response.headers).toContainEqual([':status', '504']);
  });

  test('of gRPC is read from grpc-timeout where a maximum is set', async () => {
    const route = { cluster: 'c', maxGrpcTimeout: '3s' };
    const request = await openRouter({ routes: [{ match: ALL, route }] });
    const expected = (timeout: string) => {
      const headers: [string, string][] = [
        ['content-type', 'application/grpc'],
        ['grpc-timeout', timeout],
      ];
      return request({ headers }).sent('x-envoy-expected-rq-timeout-ms');
    };
    expect(expected('2S')).toEqual(['2000']);
    expect(expected('1500m')).toEqual(['1500']);
    expect(expected('1H')).toEqual(['3000']);
    expect(expected('9x')).toEqual(['15000']);
  });
});

test('nothing of Envoy is added where the settings say so', async () => {
  const request = await openRouter({
    settings: { suppressEnvoyHeaders: true },
    routes: [{ match: ALL, route: { cluster: 'c', prefixRewrite: '/x/' } }],
  });
  const routed = request({});
  expect(routed.sent('x-envoy-original-path')).toEqual([]);
  expect(routed.sent('x-envoy-expected-rq-timeout-ms')).toEqual([]);
  expect(routed.answered('x-envoy-upstream-service-time')).toBeUndefined();
});
