import { expect, test } from 'vitest';
import { BodyBuffer } from '../http/body-buffer.ts';
import { HeaderMap } from '../http/header-map.ts';
import type { HttpCallAnswer } from './effects.ts';
import { fakeServices } from './fixtures/fake-services.ts';
import { FakeStream } from './fixtures/fake-stream.ts';
import { openAssembly } from './fixtures/open-vm.ts';
import { TRAPPED } from './vm.ts';

/** What the table in README.md says and no other test shows. */

const CALLS = `
const CLUSTER = new Text('auth');
const HEAD = new Text(':method\\0GET\\0:path\\0/c\\0:authority\\0auth\\0');
function call(): i32 {
  const head = new ArrayBuffer(28 + HEAD.size);
  const at = changetype<usize>(head);
  const sizes: i32[] = [3, 7, 3, 5, 2, 10, 4];
  for (let i = 0; i < 7; i++) store<i32>(at + i * 4, sizes[i]);
  memory.copy(at + 28, HEAD.at, HEAD.size);
  return env.proxy_http_call(CLUSTER.at, CLUSTER.size, at, head.byteLength, 0, 0, 0, 0, 250, OUT);
}
`;

const ANSWER: HttpCallAnswer = {
  headers: HeaderMap.fromPairs([[':status', '200']]),
  body: new BodyBuffer(),
  trailers: null,
  detail: '',
};

/** Traps in the callback of a root context, or of Lateen's own, that the VM configuration names. */
const ROOT_TRAPS = `
${CALLS}
const QUEUE = new Text('q');
let where = '';
function at(name: string): void { if (where == name) unreachable(); }
export function proxy_on_vm_start(root: i32, size: i32): i32 {
  env.proxy_get_buffer_bytes(6, 0, size, OUT, OUT + 4);
  where = outText();
  at('proxy_on_vm_start');
  return 1;
}
export function proxy_on_configure(root: i32, size: i32): i32 {
  at('proxy_on_configure');
  env.proxy_register_shared_queue(QUEUE.at, QUEUE.size, OUT);
  env.proxy_enqueue_shared_queue(load<i32>(OUT), QUEUE.at, QUEUE.size);
  env.proxy_set_tick_period_milliseconds(10);
  call();
  return 1;
}
export function proxy_on_tick(root: i32): void { at('proxy_on_tick'); }
export function proxy_on_queue_ready(root: i32, queue: i32): void { at('proxy_on_queue_ready'); }
export function proxy_on_http_call_response(root: i32, t: i32, h: i32, b: i32, x: i32): void { at('proxy_on_http_call_response'); }
export function lateen_on_config(root: i32, id: i32, size: i32): i32 { at('lateen_on_config'); return 1; }
export function lateen_on_config_delete(root: i32, id: i32): void { at('lateen_on_config_delete'); }
export function lateen_on_route(id: i32, config: i32): i32 { at('lateen_on_route'); return 0; }
export function lateen_on_route_config(id: i32, config: i32): void { at('lateen_on_route_config'); }
export function lateen_on_attempt(id: i32, n: i32, outcome: i32): i32 { at('lateen_on_attempt'); return 0; }
export function lateen_on_timer(id: i32): void { at('lateen_on_timer'); }
export function proxy_on_done(id: i32): i32 { if (id == 1) at('proxy_on_done'); return 1; }
export function proxy_on_delete(id: i32): void { if (id == 1) at('proxy_on_delete'); }
`;

const AT_OPENING = ['proxy_on_vm_start', 'proxy_on_configure'];
const LATER = [
  'proxy_on_tick',
  'proxy_on_queue_ready',
  'proxy_on_http_call_response',
  'lateen_on_config',
  'lateen_on_config_delete',
  'lateen_on_route',
  'lateen_on_route_config',
  'lateen_on_attempt',
  'lateen_on_timer',
  'proxy_on_done',
  'proxy_on_delete',
];

for (const callback of AT_OPENING) {
  test(`a trap in ${callback} refuses the plugin`, async () => {
    const opened = openAssembly(ROOT_TRAPS, { vmConfiguration: callback });
    await expect(opened).rejects.toThrow(`LAT0350 trapped in ${callback}`);
  });
}

for (const callback of LATER) {
  test(`a trap in ${callback} ends the VM once, and leaves no timer and no callout`, async () => {
    const { root, vm, services } = await openAssembly(ROOT_TRAPS, { vmConfiguration: callback });
    const stream = root.openStream(new FakeStream());
    root.deliver(1, Buffer.from('{}'));
    root.forget(1);
    stream.onRoute(1);
    stream.onRouteConfig(1);
    stream.onAttempt(1, 0);
    stream.onTimer();
    services.clock.advance(10);
    services.calls[0]?.done(ANSWER);
    stream.close(true);
    root.close();
    services.clock.advance(10);
    expect(vm.fault?.message).toContain(`trapped in ${callback}`);
    expect(services.lines.filter((line) => line.includes('trapped'))).toHaveLength(1);
    expect(services.clock.pending).toBe(0);
    expect(stream.onRequestHeaders(1, true)).toBe(TRAPPED);
  });
}

test('of ten thousand callouts at once the first 256 go out, the others fail by status', async () => {
  const source = `
    ${CALLS}
    export function proxy_on_request_headers(id: i32, n: i32, end: i32): i32 {
      let started = 0; let refused = 0;
      for (let i = 0; i < 500; i++) { const result = call(); if (result == 0) started++; else if (result == 10) refused++; }
      say(2, started.toString() + ' ' + refused.toString());
      return 0;
    }
  `;
  const { root, services, vm } = await openAssembly(source);
  for (let i = 0; i < 20; i++) root.openStream(new FakeStream()).onRequestHeaders(1, true);
  expect(services.calls).toHaveLength(256);
  const counts = services.lines.filter((line) => line.startsWith('info'));
  expect(counts).toEqual(['info 256 244', ...new Array(19).fill('info 0 500')]);
  expect(vm.alive).toBe(true);
});

test('an answer that comes within the host call waits until the guest has returned', async () => {
  const source = `
    ${CALLS}
    let inside = false;
    export function proxy_on_request_headers(id: i32, n: i32, end: i32): i32 {
      inside = true;
      call();
      inside = false;
      say(2, 'returned');
      return 0;
    }
    export function proxy_on_http_call_response(root: i32, t: i32, h: i32, b: i32, x: i32): void {
      say(2, inside ? 'entered again' : 'answered');
    }
  `;
  const fake = fakeServices();
  const callouts = {
    start(_: unknown, done: (answer: HttpCallAnswer) => void) {
      done(ANSWER);
      return { cancel: () => {} };
    },
  };
  const services = { ...fake, callouts };
  const { root } = await openAssembly(source, { services });
  root.openStream(new FakeStream()).onRequestHeaders(1, true);
  await Promise.resolve();
  expect(fake.lines).toEqual(['info returned', 'info answered']);
});

test('a stream that is over shows nothing to contexts that come after it', async () => {
  const source = `
    const PATH = new Text(':path');
    let first = 0;
    export function proxy_on_request_headers(id: i32, n: i32, end: i32): i32 {
      if (first == 0) { first = id; return 0; }
      say(2, env.proxy_set_effective_context(first).toString());
      getHeader(0, PATH);
      say(2, outText());
      return 0;
    }
  `;
  const { root, services } = await openAssembly(source);
  const one = new FakeStream();
  one.request.setPairs([[':path', '/secret']]);
  const context = root.openStream(one);
  context.onRequestHeaders(1, true);
  context.close(true);
  const two = new FakeStream();
  two.request.setPairs([[':path', '/own']]);
  root.openStream(two).onRequestHeaders(1, true);
  expect(services.lines).toEqual(['info 2', 'info /own']);
});
