import { expect, test } from 'vitest';
import { BodyBuffer } from '../http/body-buffer.ts';
import { HeaderMap, headerName } from '../http/header-map.ts';
import type { HttpCallAnswer } from './effects.ts';
import { compileAssembly } from './fixtures/assembly.ts';
import { fakeServices } from './fixtures/fake-services.ts';
import { FakeStream } from './fixtures/fake-stream.ts';
import { openAssembly, startVm } from './fixtures/open-vm.ts';

const CONFIGURED = `
function read(type: i32): string { env.proxy_get_buffer_bytes(type, 0, 1000, OUT, OUT + 4); return outText(); }
export function proxy_on_vm_start(root: i32, size: i32): i32 { say(2, 'start ' + size.toString() + ' ' + read(6)); return 1; }
export function proxy_on_configure(root: i32, size: i32): i32 {
  const text = read(7);
  say(2, 'configure ' + size.toString() + ' ' + text);
  if (text == 'refuse') say(4, 'I do not like it');
  return text == 'refuse' ? 0 : 1;
}
`;

test('a root context is told the configuration of its VM, then its own', async () => {
  const options = { configuration: 'mine', vmConfiguration: 'ours' };
  const { services } = await openAssembly(CONFIGURED, options);
  expect(services.lines).toEqual(['info start 4 ours', 'info configure 4 mine']);
});

test('a refusal carries the reason that the module logged', async () => {
  await expect(openAssembly(CONFIGURED, { configuration: 'refuse' })).rejects.toThrow(
    'LAT0360 refuses its configuration: I do not like it',
  );
});

const REFUSING = `
export function lateen_on_config(root: i32, id: i32, size: i32): i32 {
  env.proxy_get_buffer_bytes(7, 0, size, OUT, OUT + 4);
  const text = outText();
  if (text == 'good') return 1;
  const path = String.UTF8.encode('virtual_hosts[0].routes[2]');
  const why = String.UTF8.encode('has no action');
  const args = new ArrayBuffer(4 + path.byteLength + why.byteLength);
  const at = changetype<usize>(args);
  store<u32>(at, path.byteLength);
  memory.copy(at + 4, changetype<usize>(path), path.byteLength);
  memory.copy(at + 4 + path.byteLength, changetype<usize>(why), why.byteLength);
  foreign('lateen.refuse_config', args);
  return 0;
}
export function lateen_on_config_delete(root: i32, id: i32): void { say(2, 'forget ' + id.toString()); }
`;

test('a delivered message is refused with its path, and the next one is taken', async () => {
  const { root, services } = await openAssembly(REFUSING);
  const refused = root.deliver(1, Buffer.from('bad'));
  expect(refused).toMatchObject({
    ok: false,
    error: {
      code: 'LAT0360',
      message: 'refuses the configuration: has no action',
      origin: { resource: 'plugin', path: 'virtual_hosts[0].routes[2]' },
    },
  });
  expect(root.deliver(2, Buffer.from('good')).ok).toBe(true);
  root.forget(2);
  expect(services.lines).toContain('info forget 2');
});

const TICKING = `
let ticks = 0;
export function proxy_on_configure(root: i32, size: i32): i32 { env.proxy_set_tick_period_milliseconds(100); return 1; }
export function proxy_on_tick(root: i32): void {
  say(2, 'tick ' + (++ticks).toString());
  if (ticks == 3) env.proxy_set_tick_period_milliseconds(0);
  if (ticks == 4) unreachable();
}
export function proxy_on_request_headers(id: i32, n: i32, end: i32): i32 { env.proxy_set_tick_period_milliseconds(50); return 0; }
`;

test('ticks come at their period until it is 0, also when a stream sets it', async () => {
  const { root, vm, services } = await openAssembly(TICKING);
  services.clock.advance(1000);
  expect(services.lines).toEqual(['info tick 1', 'info tick 2', 'info tick 3']);
  expect(services.clock.pending).toBe(0);
  root.openStream(new FakeStream()).onRequestHeaders(0, true);
  services.clock.advance(50);
  expect(vm.alive).toBe(false);
  expect(services.clock.pending).toBe(0);
});

const CALLING = `
const CLUSTER = new Text('auth');
const UNKNOWN = new Text('unknown');
const CHECKED = new Text('x-checked');
const STATUS = new Text(':status');
let origin = 0;
function pairs(): ArrayBuffer {
  const text = ':method\\0GET\\0:path\\0/check\\0:authority\\0auth\\0';
  const bytes = String.UTF8.encode(text);
  const all = new ArrayBuffer(4 + 24 + bytes.byteLength);
  const at = changetype<usize>(all);
  store<u32>(at, 3);
  store<u32>(at + 4, 7); store<u32>(at + 8, 3);
  store<u32>(at + 12, 5); store<u32>(at + 16, 6);
  store<u32>(at + 20, 10); store<u32>(at + 24, 4);
  memory.copy(at + 28, changetype<usize>(bytes), bytes.byteLength);
  return all;
}
function call(cluster: Text): i32 {
  const head = pairs();
  return env.proxy_http_call(cluster.at, cluster.size, changetype<usize>(head), head.byteLength, 0, 0, 0, 0, 250, OUT + 16);
}
export function proxy_on_request_headers(id: i32, n: i32, end: i32): i32 {
  origin = id;
  say(2, 'call ' + call(CLUSTER).toString() + ' unknown ' + call(UNKNOWN).toString());
  return 1;
}
export function proxy_on_response_headers(id: i32, n: i32, end: i32): i32 {
  let made = 0;
  while (call(CLUSTER) == 0) made++;
  say(2, 'made ' + made.toString());
  return 0;
}
export function proxy_on_http_call_response(root: i32, token: i32, headers: i32, size: i32, trailers: i32): void {
  say(2, 'answer ' + root.toString() + ' ' + headers.toString() + ' ' + size.toString() + ' ' + trailers.toString());
  getHeader(6, STATUS);
  const status = outText();
  env.proxy_get_buffer_bytes(4, 0, size, OUT, OUT + 4);
  say(2, status + ' ' + outText());
  env.proxy_get_status(OUT + 8, OUT, OUT + 4);
  say(2, 'status ' + load<i32>(OUT, 8).toString() + ' ' + outText());
  say(2, 'set before ' + setHeader(0, CHECKED, CLUSTER).toString());
  say(2, 'effective ' + env.proxy_set_effective_context(origin).toString());
  say(2, 'set after ' + setHeader(0, CHECKED, CLUSTER).toString());
  env.proxy_continue_stream(0);
}
`;

function answerOf(headers: [string, string][] | null, body = '', detail = ''): HttpCallAnswer {
  const buffer = new BodyBuffer();
  buffer.append(Buffer.from(body));
  const map = headers === null ? null : HeaderMap.fromPairs(headers);
  return { headers: map, body: buffer, trailers: null, detail };
}

test('the answer to a callout reaches the root context, which acts on the stream', async () => {
  const { root, services } = await openAssembly(CALLING);
  const stream = new FakeStream();
  const context = root.openStream(stream);
  expect(context.onRequestHeaders(1, true)).toBe(1);
  expect(services.calls.length).toBe(1);
  const [{ call, done }] = services.calls;
  expect(call.cluster).toBe('auth');
  expect(call.timeoutMs).toBe(250);
  expect(call.headers.get(headerName(':path'))).toBe('/check');
  done(answerOf([[':status', '200']], 'fine'));
  expect(services.lines).toEqual([
    'info call 0 unknown 2',
    'info answer 1 1 4 0',
    'info 200 fine',
    'info status 0 ',
    'info set before 2',
    'info effective 0',
    'info set after 0',
  ]);
  expect(stream.request.get(headerName('x-checked'))).toBe('auth');
  expect(stream.effects).toEqual(['continue 0', 'settle']);
});

test('a callout that fails is answered by zeros and a status', async () => {
  const { root, services } = await openAssembly(CALLING);
  root.openStream(new FakeStream()).onRequestHeaders(1, true);
  services.calls[0].done(answerOf(null, '', 'timeout'));
  expect(services.lines).toContain('info answer 1 0 0 0');
  expect(services.lines).toContain('info status 11 timeout');
});

test('an answer after the end of its stream changes nothing', async () => {
  const { root, services, vm } = await openAssembly(CALLING);
  const stream = new FakeStream();
  const context = root.openStream(stream);
  context.onRequestHeaders(1, true);
  context.close(true);
  services.calls[0].done(answerOf([[':status', '200']]));
  expect(services.lines).toContain('info effective 2');
  expect(stream.request.get(headerName('x-checked'))).toBeNull();
  expect(stream.effects).toEqual([]);
  expect(vm.alive).toBe(true);
});

test('a module has so many callouts and no more, and its end cancels them', async () => {
  const { root, services } = await openAssembly(CALLING, { limits: { calloutsMax: 20 } });
  const context = root.openStream(new FakeStream());
  context.onResponseHeaders(1, true);
  expect(services.lines).toContain('info made 20');
  context.close(true);
  root.close();
  expect(services.cancelled.length).toBe(20);
  services.calls[0].done(answerOf([[':status', '200']]));
  expect(services.lines.some((line) => line.startsWith('info answer'))).toBe(false);
});

test('an answer given at once waits until the module has returned', async () => {
  const services = fakeServices();
  const start = services.callouts.start;
  services.callouts.start = (call, done) => {
    done(answerOf([[':status', '200']]));
    return start(call, done);
  };
  const { root } = await openAssembly(CALLING, { services });
  root.openStream(new FakeStream()).onRequestHeaders(1, true);
  expect(services.lines).toEqual(['info call 0 unknown 2']);
  await Promise.resolve();
  expect(services.lines).toContain('info answer 1 1 0 0');
});

const SLOW_DONE = `
export function proxy_on_done(id: i32): i32 { say(2, 'done ' + id.toString()); return id == 1 ? 0 : 1; }
export function proxy_on_delete(id: i32): void { say(2, 'delete ' + id.toString()); }
export function proxy_on_configure(root: i32, size: i32): i32 { if (size > 0) env.proxy_set_tick_period_milliseconds(10); return 1; }
export function proxy_on_tick(root: i32): void { say(2, 'proxy_done ' + env.proxy_done().toString()); }
`;

test('a root context closes after its streams, and waits for a module that is not done', async () => {
  const { root, services } = await openAssembly(SLOW_DONE, { configuration: 'tick' });
  const context = root.openStream(new FakeStream());
  services.clock.advance(10);
  root.close();
  expect(services.lines).toEqual(['info proxy_done 1']);
  context.close(true);
  expect(services.lines.slice(1)).toEqual(['info done 2', 'info delete 2', 'info done 1']);
  services.clock.advance(10);
  await Promise.resolve();
  expect(services.lines.slice(4)).toEqual(['info proxy_done 0', 'info delete 1']);
  expect(services.clock.pending).toBe(0);
});

test('a root context that never is done goes all the same', async () => {
  const { root, services } = await openAssembly(SLOW_DONE);
  root.close();
  services.clock.advance(5000);
  expect(services.lines).toEqual(['info done 1', 'info delete 1']);
  expect(services.clock.pending).toBe(0);
});

test('a root context that asks for its name, root id and VM id is told', async () => {
  const source = `
    function get(path: string): string {
      const bytes = String.UTF8.encode(path);
      if (env.proxy_get_property(changetype<usize>(bytes), bytes.byteLength, OUT, OUT + 4) != 0) return '?';
      return outText();
    }
    export function proxy_on_context_create(id: i32, parent: i32): void {
      say(2, get('plugin_root_id') + ' ' + get('plugin_name\\0') + ' ' + get('plugin_vm_id') + ' ' + get('node'));
    }
  `;
  const { services } = await openAssembly(source);
  expect(services.lines).toEqual(['info root plugin vm ?']);
});

const RESTRICTED = `
const NAME = new Text('x');
env.proxy_define_metric(0, NAME.at, NAME.size, OUT);
`;

test('a module that calls the host while it starts is refused, with the name of the call', async () => {
  for (const trusted of [true, false]) {
    await expect(openAssembly(RESTRICTED, { trusted })).rejects.toThrow(
      'LAT0353 called proxy_define_metric while starting',
    );
  }
});

test('a module may log in its start section, although its memory is not exported yet', async () => {
  const services = fakeServices();
  const bytes = await compileAssembly(`say(2, 'in the start section');`, ['--exportStart', '']);
  await startVm(bytes, { services });
  expect(services.lines).toEqual(['info in the start section']);
});

test('a fault in the last callback of the last root context is no alarm', async () => {
  const source = `export function proxy_on_done(id: i32): i32 { assert(id > 1, 'unknown root'); return 1; }`;
  const { root, services } = await openAssembly(source);
  root.close();
  expect(services.lines.length).toBe(1);
  expect(services.lines[0]).toMatch(/^debug module test aborted: unknown root/);
});
