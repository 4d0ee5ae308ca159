import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compileAssembly } from '@lateen/filters/compile-assembly';
import { TestHost } from '@lateen/host/testing/test-host';
import { TemporaryDirectory } from '../kit/temporary-directory.ts';
import { ROOT } from '../tidy/sources.ts';
import type { Row } from './rows.ts';

const LIVE_STREAMS = [0, 1_000, 10_000] as const;
const LIFE_CYCLES = 1_000;
const ROUNDS = 15;
/** So many in a row, so that what is measured is large beside the noise. */
const FILTERS = 20;
/** A filter that adds one header costs at most this for each request, whatever else is alive. */
const GOAL_US = 1;
/** What fuel may cost on top. */
const FUEL_FACTOR = 1.15;

/**
 * What the SDK's header filter adds to the life cycle of a request, with other streams alive: the
 * same host with the filter and without it, in turn. Not compared with anybody: it has to be flat.
 */
export async function runFilterCost(): Promise<readonly Row[]> {
  const bytes = await compileTemplate();
  const rows: Row[] = [];
  for (const live of LIVE_STREAMS) {
    const cost = await costUs(bytes, live, true);
    rows.push(row(`SDK header filter, ${live} live streams`, cost, GOAL_US));
  }
  const metered = await costUs(bytes, 0, false);
  rows.push(row('SDK header filter with fuel (not trusted)', metered, GOAL_US * FUEL_FACTOR));
  return rows;
}

function row(name: string, cost: number, goal: number): Row {
  const lateen = Number(cost.toPrecision(3));
  return { case: name, lateen, peer: null, peerName: '', unit: 'us/request', ratio: null, goal };
}

async function compileTemplate(): Promise<Uint8Array> {
  await using directory = await TemporaryDirectory.make();
  const out = directory.join('header.wasm');
  const entry = join(ROOT, 'sdk/templates/header/assembly/index.ts');
  await compileAssembly({ entry, out, flags: ['--target', 'release'] });
  return await readFile(out);
}

async function costUs(bytes: Uint8Array, live: number, trusted: boolean): Promise<number> {
  const bare = await openHost({ bytes, trusted, filtered: false, live });

  // With as many contexts in the VM as that many streams with the one filter would keep.
  const contexts = Math.ceil(live / FILTERS);
  const filtered = await openHost({ bytes, trusted, filtered: true, live: contexts });
  // The fastest round of each is the one that was disturbed least.
  let [without, withFilter] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let round = 0; round < ROUNDS; round += 1) {
    without = Math.min(without, lifeCycleUs(bare));
    withFilter = Math.min(withFilter, lifeCycleUs(filtered));
  }
  bare.close();
  filtered.close();
  return (withFilter - without) / FILTERS;
}

interface HostOptions {
  readonly bytes: Uint8Array;
  readonly trusted: boolean;
  readonly filtered: boolean;
  readonly live: number;
}

/** A host with that many requests under way, each waiting for the rest of its body. */
async function openHost({ bytes, trusted, filtered, live }: HostOptions): Promise<TestHost> {
  const host = await TestHost.open({
    modules: [{ name: 'header', bytes, trusted }],
    filters: Array.from({ length: filtered ? FILTERS : 0 }, (_, index) => {
      return { name: `header-${index}`, module: 'header' };
    }),
  });
  for (let index = 0; index < live; index += 1)
    host.begin({ method: 'POST', body: ['never sent'] });
  return host;
}

function lifeCycleUs(host: TestHost): number {
  const from = performance.now();
  for (let index = 0; index < LIFE_CYCLES; index += 1) host.request();
  return ((performance.now() - from) * 1000) / LIFE_CYCLES;
}
