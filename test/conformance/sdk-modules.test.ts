import { headerOf } from '@lateen/host/testing/memory-message';
import { TestHost } from '@lateen/host/testing/test-host';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compileModuleSource } from '../kit/assembly.ts';
import { type BuiltBy, buildWithGo, buildWithRust } from './toolchains.ts';

const ROUTE_CONFIGURATION = 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration';

/** Selects the only route there is. */
const ROUTER = `
const ROUTE: usize = memory.data(32, 8);
export function lateen_on_config(root: i32, id: i32, size: i32): i32 { return 1; }
export function lateen_on_route(context: i32, config: i32): i32 {
  memory.fill(ROUTE, 0, 32);
  store<i32>(ROUTE + 8, -1);
  store<u32>(ROUTE + 16, 0xffffffff);
  return <i32>ROUTE;
}
export function proxy_on_request_headers(context: i32, count: i32, end: i32): i32 { return 0; }
`;

const ROUTES = {
  name: 'r',
  virtualHosts: [
    { name: 'v', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'c' } }] },
  ],
};

const LANGUAGES = { Rust: buildWithRust, Go: buildWithGo };

for (const [language, build] of Object.entries(LANGUAGES)) {
  describe(`a filter made with the ${language} SDK`, () => {
    let built: BuiltBy = { skipped: 'not built' };
    let host: TestHost | null = null;

    beforeAll(async () => {
      built = await build();
      if ('skipped' in built) return;
      host = await openHost(built.bytes, 'hello');
    }, 600_000);

    afterAll(() => host?.close());

    const check = (
      name: string,
      run: (host: TestHost, bytes: Uint8Array) => Promise<void> | void,
    ) =>
      test(name, async (context) => {
        if ('skipped' in built || host === null) {
          return context.skip('skipped' in built ? built.skipped : 'no host');
        }
        await run(host, built.bytes);
      });

    check('reads its configuration and edits request headers', (host) => {
      const headers = [
        ['user-agent', 'curl'],
        ['x-many', 'one'],
      ] as const;
      const before = host.upstream.attempts.length;
      host.request({ path: '/', headers });
      const seen = host.upstream.attempts[before].request;
      expect(headerOf(seen, 'x-greeting')).toBe('hello');
      expect(headerOf(seen, 'user-agent')).toBeUndefined();
      expect(seen.headers.filter(([name]) => name === 'x-many').map(([, value]) => value)).toEqual([
        'one',
        'three',
      ]);
      expect(host.log.lines.some((line) => line.endsWith(':path -> /'))).toBe(true);
      expect(host.log.lines.some((line) => line.endsWith('completed'))).toBe(true);
    });

    check('buffers a body and replaces it', (host) => {
      const before = host.upstream.attempts.length;
      host.request({ method: 'POST', body: ['some ', 'small ', 'body'] });
      const seen = host.upstream.attempts[before].request;
      expect(seen.body.toString()).toBe('SOME SMALL BODY');
    });

    check('replies itself', (host) => {
      const before = host.upstream.attempts.length;
      const { response } = host.request({ path: '/reply' });
      expect(headerOf(response, ':status')).toBe('403');
      expect(headerOf(response, 'x-why')).toBe('because');
      expect(response.body.toString()).toBe('denied\n');
      expect(host.upstream.attempts.length).toBe(before);
    });

    check('holds a request until its callout is answered', async (host) => {
      const before = host.upstream.attempts.length;
      const { response } = host.request({ path: '/call' });
      const [call] = host.upstream.attempts.slice(before);
      expect(call.cluster).toBe('auth');
      expect(headerOf(call.request, ':path')).toBe('/check');
      await new Promise((resolve) => setImmediate(resolve));
      const [, forwarded] = host.upstream.attempts.slice(before);
      expect(headerOf(forwarded.request, 'x-checked')).toBe('200');
      expect(headerOf(forwarded.request, 'x-checked-body')).toBe('fine');
      expect(response.ended).toBe(true);
    });

    check('hears that a cluster is unknown and goes on', (host) => {
      const { response } = host.request({ path: '/unknown-cluster' });
      expect(headerOf(response, ':status')).toBe('200');
      expect(
        host.log.lines.some((line) => line.startsWith('warn') && /bad ?argument/i.test(line)),
      ).toBe(true);
    });

    check('shares data, counts, reads properties and edits the response', (host) => {
      const first = Number(headerOf(host.request({}).response, 'x-count'));
      const second = Number(headerOf(host.request({}).response, 'x-count'));
      expect(second).toBe(first + 1);
      expect(host.metrics.values.get('conformance_total')).toBe(second * 2);
      expect(host.log.lines.some((line) => line.includes('10.0.0.2:40000'))).toBe(true);
    });

    check('ticks', (host) => {
      host.clock.advance(1000);
      const ticks = host.log.lines.filter((line) => line.includes('info tick'));
      expect(ticks.length).toBeGreaterThanOrEqual(2);
    });

    check('that panics fails one request, says why, and serves the next', (host) => {
      const { response } = host.request({ path: '/panic' });
      expect(headerOf(response, ':status')).toBe('503');
      const said = host.log.lines.find((line) => /module filter (trapped|exited)/.test(line));
      expect(said).toContain('as asked');
      expect(headerOf(host.request({}).response, ':status')).toBe('200');
    });

    check('that refuses its configuration does not start, and says why', async (_host, bytes) => {
      await expect(openHost(bytes, 'refuse')).rejects.toThrow('this configuration is refused');
    });
  });
}

async function openHost(bytes: Uint8Array, configuration: string): Promise<TestHost> {
  const router = await compileModuleSource(ROUTER);
  return TestHost.open({
    modules: [
      { name: 'filter', bytes, trusted: false },
      { name: 'router', bytes: router, serves: [ROUTE_CONFIGURATION] },
    ],
    filters: [
      { name: 'filter', module: 'filter', configuration },
      { name: 'router', module: 'router' },
    ],
    routes: ROUTES,
    upstream: {
      answer: () => ({ status: 200, body: 'fine' }),
      knows: (cluster) => cluster !== 'unknown',
    },
  });
}
