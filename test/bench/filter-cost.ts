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
/** What a filter that adds one header may cost for each request, whatever else is alive. */
const HEADER_GOAL_US = 0.6;
/** What one that does nothing may cost. */
const EMPTY_GOAL_US = 0.3;
/** What fuel may make of the header filter's cost. */
const FUEL_GOAL = 1.15;

/**
 * What filters of the SDK add to the life cycle of a request, with other streams alive: the same
 * host with the filter and without it, in turn. Not compared with anybody: it has to be flat.
 */
export async function runFilterCost(): Promise<readonly Row[]> {
  const header = await compileTemplate('header');
  const empty = await costUs(await compileTemplate('empty'), 0, true);
  const rows: Row[] = [row('SDK empty filter', empty, EMPTY_GOAL_US)];
  for (const live of LIVE_STREAMS) {
    const cost = await costUs(header, live, true);
    rows.push(row(`SDK header filter, ${live} live streams`, cost, HEADER_GOAL_US));
  }
  const free = await costUs(header, 0, true);
  rows.push(fuelRow(await costUs(header, 0, false), free));
  return rows;
}

function row(name: string, cost: number, goal: number): Row {
  const lateen = rounded(cost);
  return { case: name, lateen, peer: null, peerName: '', unit: 'us/request', ratio: null, goal };
}

/** The peer is the same filter as a trusted module. */
function fuelRow(metered: number, free: number): Row {
  return {
    case: 'SDK header filter, with fuel and without',
    lateen: rounded(metered),
    peer: rounded(free),
    peerName: 'without fuel',
    unit: 'us/request',
    ratio: rounded(metered / free),
    goal: FUEL_GOAL,
  };
}

function rounded(value: number): number {
  return Number(value.toPrecision(3));
}

async function compileTemplate(name: string): Promise<Uint8Array> {
  await using directory = await TemporaryDirectory.make();
  const out = directory.join(`${name}.wasm`);
  const entry = join(ROOT, `sdk/templates/${name}/assembly/index.ts`);
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
