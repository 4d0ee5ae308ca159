import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { startNode } from '../../kit/child-process.ts';
import { waitFor } from '../../kit/wait-for.ts';
import { ROOT } from '../../tidy/sources.ts';
import { MixedLoad } from './mixed-load.ts';
import { routes, wasmPlugin, weights } from './resources.ts';
import { SmallMesh } from './small-mesh.ts';
import { compileVersionedGuest } from './versioned-guest.ts';

const SLOW_MS = 90_000;

interface RunFile {
  readonly pid: number;
  readonly admin: string;
  readonly ads: string;
}

async function runFile(mesh: SmallMesh): Promise<RunFile> {
  return JSON.parse(await mesh.directory.read('home/run.json'));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Another control plane in the place of one that is gone: its ports, its state. */
function startControlPlane(mesh: SmallMesh, run: RunFile) {
  const port = (address: string) => address.slice(address.lastIndexOf(':') + 1);
  const args = ['control-plane', '-f', 'mesh', '--state', 'home/up/state'];
  args.push('--ads-port', port(run.ads), '--admin-port', port(run.admin));
  args.push('--run-file', 'home/run.json');
  const lateen = join(ROOT, 'control-plane/bin/lateen.mjs');
  return startNode(lateen, args, { cwd: mesh.directory.path });
}

async function synced(mesh: SmallMesh): Promise<readonly string[]> {
  const { stdout } = await mesh.lateen('proxy-status', '-o', 'json');
  const proxies = JSON.parse(stdout) as { name: string; synced: boolean }[];
  return proxies.filter((proxy) => proxy.synced).map(({ name }) => name);
}

test(
  'traffic goes on without the control plane, and a new one finds the proxies and changes them',
  async () => {
    await using mesh = await SmallMesh.start();
    const guest = await compileVersionedGuest();
    const module = await mesh.directory.write('1.wasm', guest.bytes(1));
    const plugin = wasmPlugin({ name: 'versioned', url: pathToFileURL(module).href });
    await mesh.apply(plugin);
    await mesh.until('the plugin', (answer) => answer.header('x-version') === 'mark-0001/none');
    const load = new MixedLoad({
      port: mesh.gateway,
      requestsPerSecond: 300,
      fault: ({ status, headers }) =>
        status === 200 && headers['x-version'] === 'mark-0001/none' ? undefined : `${status}`,
    });
    const run = await runFile(mesh);
    process.kill(run.pid, 'SIGKILL');
    await mesh.up.waitForOutput(/control-plane ended: signal SIGKILL/);
    const { code, stderr } = await mesh.lateen('proxy-status');
    expect([code, stderr]).toEqual([1, expect.stringContaining(`${run.pid}) has ended`)]);
    const answered = load.answered;
    await waitFor('requests without a control plane', () => load.answered > answered + 300);

    // A change made while nobody looks takes effect when somebody does again.
    await mesh.directory.write('mesh/routes.yaml', weights(0, 100));
    await using planes = new AsyncDisposableStack();
    let plane = planes.use(startControlPlane(mesh, run));
    const bothSynced = async () => {
      // Its ports were free for a moment, and somebody else's test may have one just now.
      if (!plane.running) plane = planes.use(startControlPlane(mesh, run));
      return (await synced(mesh)).length === 2;
    };
    await waitFor('both proxies', bothSynced, { deadlineMs: 40_000 });
    const moved = await mesh.until('other', (answer) => answer.header('x-from') === 'other');
    expect(moved.header('x-version')).toBe('mark-0001/none');
    await mesh.directory.write('mesh/routes.yaml', routes('    - destination: {host: web}'));
    await mesh.until('web again', (answer) => answer.header('x-from') === 'web');
    expect((await load.stop()).faults).toEqual({});
    expect((await mesh.resource('WasmPlugin', 'versioned'))?.plugin).toMatchObject({
      active: 1,
      serving: 'newest',
    });
  },
  SLOW_MS,
);

test(
  "without its sidecar a service fails, others don't, and nothing goes around the mesh",
  async () => {
    await using mesh = await SmallMesh.start();
    expect((await mesh.get('/')).header('x-from')).toBe('web');
    const before = mesh.web.requestCount;
    process.kill(mesh.proxy('web-v1').pid, 'SIGKILL');
    const failed = await mesh.until('the failure', ({ status }) => status === 503);
    expect(failed.text).toContain('connect');
    expect(mesh.web.requestCount).toBe(before);
    await mesh.up.waitForOutput(/web-v1\.default ended: signal SIGKILL/);
    await mesh.directory.write('mesh/routes.yaml', weights(0, 100));
    await mesh.until('other', (answer) => answer.header('x-from') === 'other');
  },
  SLOW_MS,
);

test(
  'nothing is left of `lateen up` after kill -9',
  async () => {
    await using mesh = await SmallMesh.start();
    const { pid } = await runFile(mesh);
    const pids = [pid, ...mesh.summary.proxies.map((proxy) => proxy.pid)];
    expect(pids.every(isAlive)).toBe(true);
    mesh.up.signal('SIGKILL');
    await waitFor('all to end', () => !pids.some(isAlive), { deadlineMs: 10_000 });
  },
  SLOW_MS,
);
