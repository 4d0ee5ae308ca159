import { createHash } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RecordingOrigin } from '../../kit/recording-origin.ts';
import { waitFor } from '../../kit/wait-for.ts';
import { type LoadAnswer, MixedLoad } from './mixed-load.ts';
import { wasmPlugin } from './resources.ts';
import { SmallMesh } from './small-mesh.ts';
import { compileVersionedGuest, compileWithSdk, type VersionedGuest } from './versioned-guest.ts';

const SWAPS = 24;
/** What the load must reach for a test to say anything. */
const REQUESTS_PER_SECOND = 1_000;

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
    const times: number[] = [];
    for (let number = 1; number <= SWAPS; number += 1) {
      const url = await urlOf(number);
      const from = performance.now();
      await apply(number, url);
      await untilServing(name(number));
      times.push(performance.now() - from);
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
    times.sort((a, b) => a - b);
    console.log('swaps', report, 'ms each', times[0], times[times.length >> 1], times.at(-1));
    expect(report.faults).toEqual({});
    expect(report.perSecond).toBeGreaterThan(REQUESTS_PER_SECOND);
    expect(Object.keys(report.byShape)).toHaveLength(4);
    expect(await plugin()).toBeUndefined();
  }, 90_000);
});
