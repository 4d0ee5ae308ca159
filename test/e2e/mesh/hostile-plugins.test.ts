import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { fetchRaw } from '../../kit/raw-client.ts';
import { waitFor } from '../../kit/wait-for.ts';
import {
  CALLBACKS,
  compileHostileGuest,
  type HostileConfig,
  hostileSpec,
} from './hostile-guest.ts';
import { isCalm } from './machine.ts';
import { MixedLoad } from './mixed-load.ts';
import { wasmPlugin } from './resources.ts';
import { SmallMesh } from './small-mesh.ts';
import { compileVersionedGuest } from './versioned-guest.ts';

/** How long a request may take that has nothing to do with the hostile plugin. */
const bystanderMs = () => (isCalm() ? 1_000 : 8_000);
const RSS_KB_MAX = 700_000;
const LOG_BYTES_MAX = 4_000_000;

const GATEWAY_LOG = 'proxy-front.default';

let mesh: SmallMesh;
let hostile: string;

beforeAll(async () => {
  mesh = await SmallMesh.start();
  const guest = await compileVersionedGuest();
  const file = await mesh.directory.write('hostile.wasm', await compileHostileGuest());
  hostile = pathToFileURL(file).href;
  const good = pathToFileURL(await mesh.directory.write('good.wasm', guest.bytes(1))).href;
  await mesh.apply(wasmPlugin({ name: 'good', url: good, spec: ['priority: 10'] }));
  await mesh.until('the good one', (answer) => answer.header('x-version') !== undefined);
}, 90_000);

afterAll(async () => {
  await mesh?.[Symbol.asyncDispose]();
}, 30_000);

afterEach(async () => {
  await mesh.delete('WasmPlugin', 'hostile');
  await mesh.until('peace', ({ status }) => status === 200);
});

/** Brings the plugin into the gateway, with a VM of its own, and waits until it is in force. */
async function load(config: HostileConfig, failStrategy: string): Promise<void> {
  const spec = hostileSpec(config, failStrategy);
  await mesh.apply(wasmPlugin({ name: 'hostile', url: hostile, spec }));
  await waitFor('the hostile plugin', async () => {
    const plugin = (await mesh.resource('WasmPlugin', 'hostile'))?.plugin;
    return plugin?.serving === 'newest' && plugin.active === 1;
  });
}

/** What else the gateway does meanwhile, and the other plugin with it. */
function bystanders(): MixedLoad {
  return new MixedLoad({
    port: mesh.gateway,
    requestsPerSecond: 200,
    fault: ({ status, headers }) =>
      status === 200 && headers['x-version'] === 'mark-0001/none'
        ? undefined
        : `${status} ${headers['x-version']}`,
  });
}

async function armed(): Promise<void> {
  // What becomes of this one is not the point.
  await fetchRaw(mesh.gateway, 'POST / HTTP/1.1', [['x-arm', '1']], 'body').catch(() => {});
}

async function residentKb(): Promise<number> {
  const text = await readFile(`/proc/${mesh.proxy('front').pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(text)![1]);
}

describe('one that fails open harms nobody else', () => {
  const cases = CALLBACKS.map((at) => ({ at, what: 'loop', says: `fuel in ${at}` }) as const);
  const bomb = { at: 'proxy_on_request_headers', what: 'bomb', says: 'unreachable' } as const;

  test.each([...cases, bomb])(
    '$what in $at',
    async ({ at, what, says }) => {
      await load({ at, what }, 'FAIL_OPEN');
      const before = (await mesh.log(GATEWAY_LOG)).length;
      await using others = bystanders();
      await waitFor('others', () => others.answered > 50);
      await armed();
      await waitFor('the fault to be told', async () => {
        return new RegExp(says).test((await mesh.log(GATEWAY_LOG)).slice(before));
      });
      const answered = others.answered;
      await waitFor('others after it', () => others.answered > answered + 50);
      const report = await others.stop();
      expect(report.faults).toEqual({});
      expect(report.maxMs).toBeLessThan(bystanderMs());
    },
    30_000,
  );
});

describe('one that traps at every request', () => {
  test.each([
    ['FAIL_OPEN', 200],
    ['FAIL_CLOSE', 503],
    ['FAIL_RELOAD', 503],
  ])(
    '%s: %i, whether it rests or is tried again',
    async (failStrategy, status) => {
      await load({ at: 'proxy_on_request_headers', what: 'trap' }, failStrategy);
      for (let count = 0; count < 40; count += 1) {
        expect((await mesh.get('/')).status).toBe(status);
      }
      // The sidecar has nothing to do with it.
      expect((await fetchRaw(mesh.inbound, 'GET / HTTP/1.1')).status).toBe(200);
    },
    30_000,
  );
});

test('one that floods the log is heard a little, and no request waits for it', async () => {
  await load({ at: 'proxy_on_request_headers', what: 'flood' }, 'FAIL_OPEN');
  const before = (await mesh.log(GATEWAY_LOG)).length;
  await using others = bystanders();
  await waitFor('requests', () => others.answered > 400, { deadlineMs: 20_000 });
  const report = await others.stop();
  expect(report.faults).toEqual({});
  expect(report.maxMs).toBeLessThan(bystanderMs());
  const said = (await mesh.log(GATEWAY_LOG)).slice(before);
  expect(said).toContain('flood of a thousand lines');
  expect(said.length).toBeLessThan(LOG_BYTES_MAX);
}, 40_000);

test('after all that the same processes run, in as much memory as before', async () => {
  await load({ at: 'proxy_on_delete', what: 'loop' }, 'FAIL_OPEN');
  expect(await residentKb()).toBeLessThan(RSS_KB_MAX);
  expect(await mesh.log(GATEWAY_LOG)).not.toContain('worker died');
  expect(mesh.up.stderr).not.toContain('ended');
});
