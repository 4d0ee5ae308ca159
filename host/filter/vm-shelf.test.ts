import { expect, test } from 'vitest';
import { compileAssembly } from '../wasm/fixtures/assembly.ts';
import { fakeServices } from '../wasm/fixtures/fake-services.ts';
import { FakeStream } from '../wasm/fixtures/fake-stream.ts';
import { moduleLimits } from '../wasm/limits.ts';
import { type CompiledModule, compileModule } from '../wasm/module.ts';
import { TRAPPED } from '../wasm/vm.ts';
import { PluginPool, type PluginSpec } from './plugin-pool.ts';

/** Counts the root contexts and the requests of its VM; says with which configuration. */
const SOURCE = `
let roots = 0; let requests = 0;
export function proxy_on_configure(root: i32, size: i32): i32 { roots++; return 1; }
export function proxy_on_request_headers(id: i32, n: i32, end: i32): i32 {
  if (n == 7) unreachable();
  requests++;
  env.proxy_get_buffer_bytes(7, 0, 100, OUT, OUT + 4);
  say(2, outText() + ' roots ' + roots.toString() + ' requests ' + requests.toString());
  return 0;
}
`;

let compiled: CompiledModule | undefined;

async function openPool() {
  if (compiled === undefined) {
    const source = { name: 'm', bytes: await compileAssembly(SOURCE), trusted: false };
    const made = await compileModule({ ...source, limits: moduleLimits(false) });
    if (!made.ok) throw new Error(made.error.message);
    compiled = made.value;
  }
  const services = fakeServices('info');
  const pool = new PluginPool(services);
  pool.addModule(compiled);
  const lease = (rootId: string, more: Partial<PluginSpec> = {}) => {
    const spec = {
      ...SPEC,
      key: JSON.stringify([rootId, more]),
      rootId,
      configuration: rootId,
      name: rootId,
      ...more,
    };
    const leased = pool.lease({ ...spec, module: compiled?.key ?? '' });
    if (!leased.ok) throw new Error(leased.error.message);
    return leased.value;
  };
  return { services, pool, lease };
}

const SPEC: PluginSpec = {
  key: '',
  name: '',
  rootId: '',
  vmId: 'shared',
  module: '',
  vmConfiguration: '',
  configuration: '',
  environment: {},
  failurePolicy: 'closed',
  reloadIntervalMs: null,
  limits: {},
  capabilities: [],
};

test('plugins of one VM id share a VM, each with a root context of its own', async () => {
  const { services, lease } = await openPool();
  const [a, b] = [lease('a'), lease('b')];
  const other = lease('c', { vmId: 'another' });
  const alone = [lease('d', { vmId: '' }), lease('e', { vmId: '' })];
  for (const plugin of [a, b, other, ...alone]) {
    plugin.openStream(new FakeStream())?.onRequestHeaders(1, true);
  }
  expect(services.lines).toEqual([
    'info a roots 2 requests 1',
    'info b roots 2 requests 2',
    'info c roots 1 requests 1',
    'info d roots 1 requests 1',
    'info e roots 1 requests 1',
  ]);
});

test('other limits, environments, VM configurations or capabilities are other VMs', async () => {
  const { services, lease } = await openPool();
  const plugins = [
    lease('a'),
    lease('b', { limits: { callouts: 1 } }),
    lease('c', { environment: { A: '1' } }),
    lease('d', { vmConfiguration: 'x' }),
  ];
  for (const plugin of plugins) plugin.openStream(new FakeStream())?.onRequestHeaders(1, true);
  expect(services.lines.filter((line) => line.endsWith('roots 1 requests 1'))).toHaveLength(4);
});

test('a trap takes all plugins of the VM along, others notice nothing, and one VM comes after', async () => {
  const { services, lease } = await openPool();
  const [a, b, other] = [lease('a'), lease('b'), lease('c', { vmId: '' })];
  const open = b.openStream(new FakeStream());
  expect(a.openStream(new FakeStream())?.onRequestHeaders(7, true)).toBe(TRAPPED);
  expect(open?.onRequestHeaders(1, true)).toBe(TRAPPED);
  expect([a.alive, b.alive, other.alive]).toEqual([false, false, true]);
  expect(services.lines).toHaveLength(1);
  expect(services.lines[0]).toContain('module shared trapped');
  for (const plugin of [b, a, other]) {
    plugin.openStream(new FakeStream())?.onRequestHeaders(1, true);
  }
  expect(services.lines.slice(1)).toEqual([
    'info b roots 1 requests 1',
    'info a roots 2 requests 2',
    'info c roots 1 requests 1',
  ]);
});

test('a VM that has lost its last plugin is not used again', async () => {
  const { services, pool, lease } = await openPool();
  const a = lease('a');
  pool.release(a);
  lease('b').openStream(new FakeStream())?.onRequestHeaders(1, true);
  expect(services.lines).toEqual(['info b roots 1 requests 1']);
});
