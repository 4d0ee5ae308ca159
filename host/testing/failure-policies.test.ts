import { afterEach, describe, expect, test } from 'vitest';
import { compileModuleSource } from '../../test/kit/assembly.ts';
import type { FailurePolicy } from '../filter/plugin.ts';
import { HeaderMap } from '../http/header-map.ts';
import { headerOf } from './memory-message.ts';
import { TestHost } from './test-host.ts';

const ROUTE_CONFIGURATION = 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration';

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

/** Traps in the callback that its configuration names by a letter, the first time it is met. */
const TRAPS = `
@external("env", "proxy_get_buffer_bytes")
declare function bytes(type: i32, start: i32, max: i32, out: usize, size: usize): i32;
@external("env", "proxy_set_tick_period_milliseconds")
declare function tick(ms: i32): i32;
const OUT = memory.data(16);
let armed: i32 = 0;
function at(letter: i32): void { if (armed == letter) unreachable(); }
export function proxy_on_context_create(id: i32, parent: i32): void { if (parent != 0) at(0x61); }
export function proxy_on_configure(root: i32, size: i32): i32 {
  bytes(7, 0, 1, OUT, OUT + 4);
  armed = load<u8>(load<u32>(OUT));
  return 1;
}
export function proxy_on_request_headers(id: i32, n: i32, end: i32): i32 { at(0x62); return 0; }
export function proxy_on_request_body(id: i32, n: i32, end: i32): i32 { at(0x63); return 0; }
export function proxy_on_request_trailers(id: i32, n: i32): i32 { at(0x64); return 0; }
export function proxy_on_response_headers(id: i32, n: i32, end: i32): i32 { at(0x65); return 0; }
export function proxy_on_response_body(id: i32, n: i32, end: i32): i32 { at(0x66); return 0; }
export function proxy_on_response_trailers(id: i32, n: i32): i32 { at(0x67); return 0; }
export function proxy_on_done(id: i32): i32 { if (id != 1) at(0x68); return 1; }
export function proxy_on_log(id: i32): void { at(0x69); }
export function proxy_on_delete(id: i32): void { if (id != 1) at(0x6a); }
`;

const ANSWER = {
  status: 200,
  headers: { 'content-type': 'text/plain' },
  body: 'answer',
  trailers: { 'x-end': '1' },
};
const HEADS_GONE = 'cut off after the head';
const NOTHING_HURT = '200 answer';
const FAILED = '503 wasm_fail_stream';

/** What becomes of the stream in which it happens, where the policy is not to go on. */
const OUTCOMES: Readonly<Record<string, string>> = {
  'a proxy_on_context_create': FAILED,
  'b proxy_on_request_headers': FAILED,
  'c proxy_on_request_body': FAILED,
  'd proxy_on_request_trailers': FAILED,
  'e proxy_on_response_headers': FAILED,
  'f proxy_on_response_body': HEADS_GONE,
  'g proxy_on_response_trailers': HEADS_GONE,
  'h proxy_on_done': NOTHING_HURT,
  'i proxy_on_log': NOTHING_HURT,
  'j proxy_on_delete': NOTHING_HURT,
};

const hosts: TestHost[] = [];
afterEach(() => {
  for (const host of hosts.splice(0)) host.close();
});

async function openHost(failurePolicy: FailurePolicy, configuration: string) {
  const bytes = await compileModuleSource(TRAPS);
  const host = await TestHost.open({
    routes: {
      name: 'r',
      virtualHosts: [
        {
          name: 'v',
          domains: ['*'],
          routes: [{ match: { prefix: '/' }, route: { cluster: 'c' } }],
        },
      ],
    },
    upstream: { answer: () => ANSWER },
    modules: [
      { name: 'traps', bytes, trusted: false },
      { name: 'router', bytes: await compileModuleSource(ROUTER), serves: [ROUTE_CONFIGURATION] },
    ],
    filters: [
      { name: 'traps', module: 'traps', configuration, failurePolicy },
      { name: 'router', module: 'router' },
    ],
  });
  hosts.push(host);
  return host;
}

/** A request with a body and trailers, all of it; and what became of it. */
function play(host: TestHost): string {
  const { stream, response } = host.begin({ method: 'POST', body: ['body'] });
  stream.onData(Buffer.from('body'), false);
  stream.onTrailers(HeaderMap.fromPairs([['x-more', '1']]));
  const status = headerOf(response, ':status');
  if (response.reset !== null) return status === undefined ? 'reset' : HEADS_GONE;
  if (status === '503') return `503 ${stream.info.details}`;
  return response.ended ? `${status} ${response.body.toString()}` : 'hangs';
}

describe.each(['closed', 'reload', 'open'] as const)('where a plugin fails %s', (policy) => {
  for (const [what, outcome] of Object.entries(OUTCOMES)) {
    const expected = policy === 'open' ? NOTHING_HURT : outcome;
    test(`a trap in ${what.slice(2)} means for its stream: ${expected}`, async () => {
      const host = await openHost(policy, what.slice(0, 1));
      expect(play(host)).toBe(expected);
      const faults = host.log.lines.filter((line) => line.startsWith('error '));
      expect(faults).toHaveLength(1);
      expect(faults[0]).toContain(`trapped in ${what.slice(2)}`);
    });
  }

  test('a plugin that cannot be had for a while does so for whole streams', async () => {
    const host = await openHost(policy, 'b');
    for (let i = 0; i < 11; i++) play(host);
    expect(play(host)).toBe(policy === 'open' ? NOTHING_HURT : FAILED);
    const before = host.log.lines.length;
    for (let i = 0; i < 100; i++) play(host);
    expect(host.log.lines.length).toBe(before);
    host.clock.advance(1300);
    play(host);
    expect(host.log.lines.length).toBe(before + 1);
  });

  test('streams that begin after the trap are served by a fresh VM', async () => {
    const host = await openHost(policy, 'z');
    expect(play(host)).toBe(NOTHING_HURT);
    const [plugin] = [...host.pool.plugins].filter(({ name }) => name === 'traps');
    expect(plugin?.alive).toBe(true);
  });
});
