import type { JsonObject } from '@lateen/sdk/base/json';
import { expect, test } from 'vitest';
import { bundledModules } from '../../filters/bundled-modules.ts';
import { compileModuleSource } from '../../test/kit/assembly.ts';
import { headerOf } from './memory-message.ts';
import { TestHost } from './test-host.ts';

const CONFIG = 'type.googleapis.com/test.Config';

/** Counts streams that are over, by `lateen_on_stream_log`. */
const COUNTS = `
@external("env", "proxy_define_metric")
declare function define(type: i32, name: usize, size: i32, out: usize): i32;
@external("env", "proxy_increment_metric")
declare function increment(id: i32, by: i64): i32;
const OUT = memory.data(8);
const NAME = String.UTF8.encode('streams');
export function lateen_on_stream_log(root: i32): void {
  define(0, changetype<usize>(NAME), NAME.byteLength, OUT);
  increment(load<i32>(OUT), 1);
}
`;

/** The same, and lets nobody in. */
const COUNTS_AND_DENIES = `${COUNTS}
@external("env", "proxy_send_local_response")
declare function reply(code: i32, d: usize, dl: i32, b: usize, bl: i32, h: usize, hl: i32, g: i32): i32;
export function proxy_on_request_headers(context: i32, count: i32, end: i32): i32 {
  reply(403, 0, 0, 0, 0, 0, 0, -1);
  return 1;
}
`;

async function open(source: string, route: JsonObject = {}): Promise<TestHost> {
  const match = { match: { prefix: '/' }, route: { cluster: 'main' }, ...route };
  return TestHost.open({
    modules: [
      { name: 'counts', bytes: await compileModuleSource(source), serves: [CONFIG] },
      ...bundledModules('router'),
    ],
    filters: [
      { name: 'counts', module: 'counts' },
      { name: 'router', module: 'router' },
    ],
    routes: { virtualHosts: [{ domains: ['*'], routes: [match] }] },
  });
}

const ask = (host: TestHost) => headerOf(host.request({}).response, ':status');

test('a module that only logs is told of each stream that is over', async () => {
  const host = await open(COUNTS);
  expect([ask(host), ask(host)]).toEqual(['200', '200']);
  expect([...host.metrics.values.values()]).toContain(2);
});

test('a module that also judges requests stands on the road, whatever it exports for logs', async () => {
  const host = await open(COUNTS_AND_DENIES);
  expect(ask(host)).toBe('403');
  expect(host.upstream.attempts).toEqual([]);
});

test('a module that only logs takes no configuration of a route, and says so', async () => {
  const config = { '@type': CONFIG };
  const opened = open(COUNTS, { typedPerFilterConfig: { counts: config } });
  await expect(opened).rejects.toThrow(/counts only logs: it takes no configuration of a route/);
});
