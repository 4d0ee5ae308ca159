import { createHash } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RawClient } from '../../kit/raw-client.ts';
import { RecordingOrigin } from '../../kit/recording-origin.ts';
import { waitFor } from '../../kit/wait-for.ts';
import { requestsPerSecondMin } from './machine.ts';
import { type LoadAnswer, MixedLoad } from './mixed-load.ts';
import { wasmPlugin } from './resources.ts';
import { SmallMesh } from './small-mesh.ts';
import { compileVersionedGuest, compileWithSdk, type VersionedGuest } from './versioned-guest.ts';

const SWAPS = 24;

let mesh: SmallMesh;
let guest: VersionedGuest;
let modules: RecordingOrigin;

beforeAll(async () => {
  guest = await compileVersionedGuest();
  // A web server with every version of the module: /12 is the twelfth.
  modules = await RecordingOrigin.open({
    answer: ({ target }) => ({ body: guest.bytes(Number(target.slice(1))) }),
  });
  mesh = await SmallMesh.start();
}, 90_000);

afterAll(async () => {
  await mesh?.[Symbol.asyncDispose]();
  await modules?.[Symbol.asyncDispose]();
}, 30_000);

/** Where the module can be had from, by turns. */
async function urlOf(number: number): Promise<string> {
  const bytes = guest.bytes(number);
  const kinds = [
    async () => pathToFileURL(await mesh.directory.write(`${number}.wasm`, bytes)).href,
    async () => `${modules.url}/${number}`,
    async () => `data:application/wasm;base64,${Buffer.from(bytes).toString('base64')}`,
  ];
  return await kinds[number % kinds.length]!();
}

/** The versions that an answer shows: to the origin, in its head, at the end of its body. */
function versionsIn({ headers, body, sent }: LoadAnswer): readonly string[] {
  const versions = [headers['x-seen'], headers['x-version'] ?? 'none'].map(String);
  if (sent.length > 0) versions.push(body.subarray(sent.length).toString().trim() || 'none');
  return versions;
}

/** Everything arrives, and each answer is one version's work from beginning to end. */
function fault(answer: LoadAnswer): string | undefined {
  if (answer.status !== 200) return `status ${answer.status}: ${answer.body.toString()}`;
  const { sent, body } = answer;
  if (sent.length > 0 && !body.subarray(0, sent.length).equals(sent)) return 'another body';
  const versions = new Set(versionsIn(answer));
  return versions.size === 1 ? undefined : `versions ${[...versions].join(' and ')}`;
}

const plugin = async () => (await mesh.resource('WasmPlugin', 'versioned'))?.plugin;

function apply(number: number, url: string, spec: readonly string[] = []): Promise<void> {
  const config = `pluginConfig: {colour: c${number}}`;
  return mesh.apply(wasmPlugin({ name: 'versioned', url, spec: [config, ...spec] }));
}

/** Until every answer is of this version. */
async function untilServing(version: string): Promise<void> {
  await mesh.until(version, (answer) => (answer.header('x-version') ?? 'none') === version);
}

const name = (number: number) => `mark-${String(number).padStart(4, '0')}/c${number}`;

describe('under load', () => {
  test(`a plugin comes, changes ${SWAPS} times and goes, and no request notices more than that`, async () => {
    const load = new MixedLoad({ port: mesh.gateway, fault });
    for (let number = 1; number <= SWAPS; number += 1) {
      const url = await urlOf(number);
      await apply(number, url);
      await untilServing(name(number));
    }
    const status = await waitFor('the newest to be told of', async () => {
      const seen = await plugin();
      return seen?.serving === 'newest' && seen.active === 1 ? seen : undefined;
    });
    expect(status).toMatchObject({ fetched: 'yes', verified: 'yes', compiled: 'yes' });
    expect(status).toMatchObject({ configured: 'yes', active: 1, proxies: 1 });
    await mesh.delete('WasmPlugin', 'versioned');
    await untilServing('none');
    const report = await load.stop();
    expect(report.faults).toEqual({});
    expect(report.perSecond).toBeGreaterThan(requestsPerSecondMin());
    expect(Object.keys(report.byShape)).toHaveLength(4);
    expect(await plugin()).toBeUndefined();
  }, 90_000);

  test('a broken one changes nothing but what is said of it, and a good one heals it', async () => {
    await apply(1, await urlOf(1));
    await untilServing(name(1));
    const load = new MixedLoad({ port: mesh.gateway, fault: faultButFor(name(1)) });
    for (const broken of BROKEN) {
      const { url, spec } = await broken.wish();
      await mesh.apply(wasmPlugin({ name: 'versioned', url, spec: spec ?? [] }));
      const status = await waitFor(`the complaint about ${broken.what}`, async () => {
        const seen = await plugin();
        return seen?.[broken.step] === 'failed' && seen.serving === 'previous' ? seen : undefined;
      });
      expect(status.message, broken.what).toMatch(broken.says);
      const answered = load.answered;
      await waitFor('more answers', () => load.answered > answered + 200);
    }
    const report = await load.stop();
    expect(report.faults).toEqual({});
    expect(report.perSecond).toBeGreaterThan(requestsPerSecondMin());
    await apply(2, await urlOf(2));
    await untilServing(name(2));
    expect((await mesh.resource('WasmPlugin', 'versioned'))?.problems).toEqual([]);
    await mesh.delete('WasmPlugin', 'versioned');
    await untilServing('none');
  }, 90_000);
});

test('a plugin that comes and goes again and again is in force each time, and gone each time', async () => {
  const url = await urlOf(4);
  for (let round = 0; round < 20; round += 1) {
    await apply(4, url);
    await untilServing(name(4));
    await mesh.delete('WasmPlugin', 'versioned');
    await untilServing('none');
  }
  expect(await mesh.log('proxy-front.default')).not.toContain('has not arrived');
}, 60_000);

test('requests that are under way through ten changes end with the version they began with', async () => {
  await using clients = new AsyncDisposableStack();
  const begun: RawClient[] = [];
  for (let number = 1; number <= 10; number += 1) {
    await apply(number, await urlOf(number));
    await untilServing(name(number));
    const client = clients.use(await RawClient.connect({ port: mesh.gateway }));
    client.expectMethod('POST');
    const seen = mesh.web.requestCount;
    await client.send('POST / HTTP/1.1\r\nhost: t\r\nx-body: 1\r\ncontent-length: 4\r\n\r\nbo');
    // Another request behind it on the same thread: the head before it has been dealt with.
    await mesh.get('/');
    expect(mesh.web.requestCount).toBe(seen + 1);
    begun.push(client);
  }
  for (const [index, client] of begun.entries()) {
    await client.send('dy');
    const { status, text } = await client.response();
    expect([status, text]).toEqual([200, `body\n${name(index + 1)}`]);
  }
  await mesh.delete('WasmPlugin', 'versioned');
}, 60_000);

test('a plugin that never worked serves nothing, the command says why, and requests go on', async () => {
  const file = await mesh.directory.write('broken.wasm', 'hello world');
  const yaml = wasmPlugin({ name: 'broken', url: pathToFileURL(file).href });
  const path = await mesh.directory.write('broken.yaml', yaml);
  const applied = await mesh.lateen('apply', '-f', path, '--wait');
  expect([applied.code, applied.stderr]).toEqual([1, expect.stringContaining('not a WebAssembly')]);
  const { stdout } = await mesh.lateen('get', 'wasmplugin', 'broken');
  expect(stdout).toMatch(/yes +yes +failed +no +0\/0 proxies +nothing/);
  expect(stdout).toMatch(/wasmplugin_default_broken\.yaml:\d+:\d+ .*LAT03\d\d/);
  expect((await mesh.get('/')).status).toBe(200);
  const deleted = await mesh.lateen('delete', 'wasmplugin', 'broken');
  expect([deleted.code, deleted.stdout]).toEqual([0, expect.stringContaining('deleted')]);
});

test('the command waits until a plugin runs, and says how far it got', async () => {
  const yaml = wasmPlugin({ name: 'versioned', url: await urlOf(3) });
  const path = await mesh.directory.write('good.yaml', yaml);
  const applied = await mesh.lateen('apply', '-f', path, '--wait');
  expect([applied.code, applied.stderr]).toEqual([0, '']);
  expect((await mesh.get('/')).header('x-version')).toBe('mark-0003/none');
  const { stdout } = await mesh.lateen('get', 'wasmplugin');
  expect(stdout).toMatch(/versioned +yes +yes +yes +yes +1\/1 proxies +newest/);
  await mesh.delete('WasmPlugin', 'versioned');
});

/** A module on its own that does this when it starts or is configured. */
async function started(source: string): Promise<{ readonly url: string }> {
  const bytes = await compileWithSdk(source);
  const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 8);
  return { url: pathToFileURL(await mesh.directory.write(`${digest}.wasm`, bytes)).href };
}

const CORE = "export * from '@lateen/sdk/assembly/exports/core';";

interface Broken {
  readonly what: string;
  readonly wish: () => Promise<{ readonly url: string; readonly spec?: readonly string[] }>;
  /** Where it gets stuck. */
  readonly step: 'fetched' | 'verified' | 'compiled' | 'configured';
  readonly says: RegExp;
}

const BROKEN: readonly Broken[] = [
  {
    what: 'a module that is not there',
    wish: async () => ({ url: 'file:///nowhere/at/all.wasm' }),
    step: 'fetched',
    says: /ENOENT/,
  },
  {
    what: 'corrupt bytes',
    wish: async () => {
      const bytes = Uint8Array.from(guest.bytes(7)).fill(0xff, 2_000, 2_100);
      return { url: pathToFileURL(await mesh.directory.write('corrupt.wasm', bytes)).href };
    },
    step: 'compiled',
    says: /./,
  },
  {
    what: 'another digest than was asked for',
    wish: async () => ({ url: await urlOf(8), spec: [`sha256: ${'ab'.repeat(32)}`] }),
    step: 'verified',
    says: /sha256|digest/,
  },
  {
    what: 'a trap at its start',
    wish: () =>
      started(`${CORE}\nexport function proxy_on_vm_start(root: i32, size: i32): i32 {
      unreachable();
      return 1;
    }`),
    step: 'configured',
    says: /proxy_on_vm_start|unreachable/,
  },
  {
    what: 'a start that never ends',
    wish: () =>
      started(`${CORE}\nlet n = 0;
    export function proxy_on_vm_start(root: i32, size: i32): i32 {
      while (true) n++;
      return 1;
    }`),
    step: 'configured',
    says: /fuel/,
  },
  {
    what: 'a configuration that it refuses',
    wish: async () => ({ url: await urlOf(9), spec: ['pluginConfig: {color: red}'] }),
    step: 'configured',
    says: /color/,
  },
];

function faultButFor(version: string): (answer: LoadAnswer) => string | undefined {
  return (answer) => {
    const [seen] = versionsIn(answer);
    return fault(answer) ?? (seen === version ? undefined : `version ${seen}`);
  };
}
