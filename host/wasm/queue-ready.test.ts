import { expect, test } from 'vitest';
import { compileAssembly } from './fixtures/assembly.ts';
import { fakeServices } from './fixtures/fake-services.ts';
import { FakeStream } from './fixtures/fake-stream.ts';
import { openAssembly, openBytes } from './fixtures/open-vm.ts';

/** Registers `jobs`; says what it is told; a request puts an item in, which `trap` dies of. */
const WORKER = `
const JOBS = new Text('jobs');
const ITEM = new Text('item');
const TRAP = new Text('trap');
let queue = 0;
let inside = 0;
function put(item: Text): void { env.proxy_enqueue_shared_queue(queue, item.at, item.size); }
export function proxy_on_configure(root: i32, size: i32): i32 {
  env.proxy_register_shared_queue(JOBS.at, JOBS.size, OUT);
  queue = load<i32>(OUT);
  return 1;
}
export function proxy_on_request_headers(id: i32, n: i32, end: i32): i32 {
  inside++;
  put(n > 3 ? TRAP : ITEM);
  put(ITEM);
  inside--;
  return 0;
}
export function proxy_on_queue_ready(root: i32, id: i32): void {
  const result = env.proxy_dequeue_shared_queue(id, OUT, OUT + 4);
  const text = result == 0 ? outText() : 'status ' + result.toString();
  say(2, root.toString() + (id == queue ? ' own ' : ' other ') + inside.toString() + ' ' + text);
  if (text == 'trap') unreachable();
}
`;

test('the root context is told of each item, after the callback that put it in', async () => {
  const { root, services } = await openAssembly(WORKER);
  root.openStream(new FakeStream()).onRequestHeaders(1, true);
  expect(services.lines).toEqual([]);
  services.clock.advance(0);
  expect(services.lines).toEqual([`info ${root.id} own 0 item`, `info ${root.id} own 0 item`]);
});

test('items outlive the VM that died of one; the next VM is told of the rest', async () => {
  const bytes = await compileAssembly(WORKER);
  const services = fakeServices();
  const kept = services.sharedData.open('vm');
  const first = await openBytes(bytes, { services });
  first.root.openStream(new FakeStream()).onRequestHeaders(9, true);
  services.clock.advance(0);
  expect(first.vm.alive).toBe(false);
  services.lines.length = 0;
  const second = await openBytes(bytes, { services });
  services.clock.advance(0);
  expect(services.lines).toEqual([`info ${second.root.id} own 0 item`]);
  kept.close();
});

test('of two root contexts the last that registered is told, until it is closed', async () => {
  const bytes = await compileAssembly(WORKER);
  const services = fakeServices();
  const first = await openBytes(bytes, { services });
  const second = await openBytes(bytes, { services });
  const put = () => first.root.openStream(new FakeStream()).onRequestHeaders(1, true);
  put();
  services.clock.advance(0);
  expect(services.lines.length).toBe(2);
  // Both VMs count contexts alike: only the second one registered under its number of the queue.
  second.root.close();
  put();
  services.clock.advance(0);
  expect(services.lines.length).toBe(4);
  expect(first.vm.alive).toBe(true);
  first.root.close();
});
