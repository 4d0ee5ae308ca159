import { headerOf } from '@lateen/host/testing/memory-message';
import type { UpstreamAnswer } from '@lateen/host/testing/memory-upstream';
import { TestHost, type TestModule } from '@lateen/host/testing/test-host';
import { expect, test } from 'vitest';
import { compileModuleSource } from '../test/kit/assembly.ts';
import { bundledModules } from './bundled-modules.ts';

/**
 * Policy lives in the modules: without them nothing routes, retries, authorises or counts, and
 * whoever puts a module of ten lines in the place of a bundled one changes what the proxy does.
 */

const HOST_CALLS = `
@external("env", "proxy_send_local_response")
declare function reply(code: i32, d: usize, dl: i32, b: usize, bl: i32, h: usize, hl: i32, g: i32): i32;
`;

/** Sends everything to the second route, whatever the request says. */
const ROUTER = `
const SELECTION: usize = memory.data(32);
export function lateen_on_config(root: i32, config: i32, size: i32): i32 { return 1; }
export function lateen_on_route(context: i32, config: i32): usize {
  store<i32>(SELECTION, 1, 4);
  store<i32>(SELECTION, -1, 8);
  store<u32>(SELECTION, 0xffffffff, 16);
  return SELECTION;
}`;

/** Tries four times, even for 200. */
const RETRY = `
const WISH: usize = memory.data(20);
export function lateen_on_config(root: i32, config: i32, size: i32): i32 { return 1; }
export function lateen_on_route_config(context: i32, config: i32): void {}
export function lateen_on_attempt(context: i32, attempt: i32, outcome: i32): usize {
  store<u32>(WISH, attempt < 4 ? 1 : 0);
  return WISH;
}`;

/** Lets nobody in. */
const DENY = `${HOST_CALLS}
export function proxy_on_request_headers(context: i32, count: i32, end: i32): i32 {
  reply(401, 0, 0, 0, 0, 0, 0, -1);
  return 1;
}`;

interface Plan {
  readonly replaced: Readonly<Record<string, string>>;
  /** Modules of the chain, in order; the retry module joins by the route's policy. */
  readonly filters?: readonly string[];
  readonly answer?: UpstreamAnswer;
}

/** A host with the bundled modules, those in \`replaced\` by another source. */
async function open(plan: Plan): Promise<TestHost> {
  const modules: TestModule[] = [];
  for (const bundled of bundledModules('router', 'retry', 'fault')) {
    const source = plan.replaced[bundled.name];
    if (source === '') continue;
    const bytes = source === undefined ? bundled.bytes : await compileModuleSource(source);
    modules.push({ ...bundled, bytes });
  }
  return TestHost.open({
    modules,
    filters: (plan.filters ?? ['fault', 'router']).map((name) => ({ name, module: name })),
    upstream: { answer: () => plan.answer ?? { status: 200 } },
    routes: {
      name: 'test',
      virtualHosts: [
        {
          name: 'all',
          domains: ['*'],
          routes: [
            {
              match: { prefix: '/one' },
              route: { cluster: 'one', retryPolicy: { retryOn: '5xx' } },
            },
            { match: { prefix: '/' }, route: { cluster: 'two', retryPolicy: { retryOn: '5xx' } } },
          ],
        },
      ],
    },
  });
}

/** Status of the answer, and the cluster of each attempt. */
function ask(host: TestHost, path: string) {
  const { response } = host.request({ path });
  host.clock.advance(10_000);
  const clusters = host.upstream.attempts.map(({ cluster }) => cluster);
  return { status: headerOf(response, ':status'), clusters };
}

test('the bundled modules route, and retry what the policy says', async () => {
  expect(ask(await open({ replaced: {} }), '/one')).toEqual({ status: '200', clusters: ['one'] });
  const failing = await open({ replaced: {}, answer: { status: 500 } });
  expect(ask(failing, '/x')).toEqual({ status: '500', clusters: ['two', 'two'] });
});

test('without a router nothing is routed', async () => {
  const host = await open({ replaced: { router: '', retry: '', fault: '' }, filters: [] });
  const { status, clusters } = ask(host, '/one');
  expect(clusters).toEqual([]);
  expect(status).toMatch(/^[45]/);
});

test('without the retry module nothing is retried', async () => {
  const host = await open({ replaced: { retry: '' }, answer: { status: 500 } });
  expect(ask(host, '/one')).toEqual({ status: '500', clusters: ['one'] });
});

test('another router routes otherwise', async () => {
  const host = await open({ replaced: { router: ROUTER } });
  expect(ask(host, '/one')).toEqual({ status: '200', clusters: ['two'] });
});

test('another retry module retries otherwise', async () => {
  const host = await open({ replaced: { retry: RETRY } });
  expect(ask(host, '/one').clusters).toEqual(['one', 'one', 'one', 'one']);
});

test('another filter in the place of one judges otherwise', async () => {
  const host = await open({ replaced: { fault: DENY } });
  expect(ask(host, '/one')).toEqual({ status: '401', clusters: [] });
});
