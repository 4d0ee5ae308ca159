import { resolve } from 'node:path';
import { FILTER, openFilter } from '@lateen/host/testing/open-filter';
import { TestHostError } from '@lateen/host/testing/test-host';
import { EXIT_FAILED, EXIT_USAGE, type Io } from '../../io.ts';
import { cannot, giveUp, sayProblems } from '../../say.ts';
import { formatTable } from '../../table.ts';
import { readNamed } from './module-file.ts';

export interface BenchOptions {
  readonly file: string;
  readonly requests: number;
  /** Streams that are open meanwhile. */
  readonly live: number;
  readonly config?: string | undefined;
  readonly output: 'text' | 'json';
}

/** Microseconds for each request, of the host code and the module together. */
interface Cost {
  readonly p50: number;
  readonly p99: number;
}

interface Measured extends Cost {
  /** Units for each request; null without a module. */
  readonly fuel: number | null;
  readonly memoryBytes: number;
  readonly memoryGrowthBytes: number;
  readonly failed: number;
}

const REQUESTS_MIN = 100;
const REQUESTS_MAX = 1_000_000;
const LIVE_MAX = 10_000;
/** Until the engine has compiled what it will. */
const WARM_UP = 5_000;

const REQUEST = {
  path: '/api/v1/products/7?details=full',
  headers: [
    ['user-agent', 'bench'],
    ['accept', '*/*'],
    ['x-request-id', '00000000-0000-4000-8000-000000000000'],
  ],
} as const;

/** What a module costs for each request: the same requests without it are taken off. */
export async function bench(options: BenchOptions, io: Io): Promise<number> {
  const { requests, live, file } = options;
  if (requests < REQUESTS_MIN || requests > REQUESTS_MAX || live > LIVE_MAX) {
    const limits = `requests are ${REQUESTS_MIN} to ${REQUESTS_MAX}, live streams at most ${LIVE_MAX}`;
    sayProblems([cannot('cannot measure that', limits)], io);
    return EXIT_USAGE;
  }
  const bytes = await readNamed(file, 'the module', io);
  if (!bytes.ok) return giveUp(bytes.error, io);
  try {
    const without = await measure(null, options);
    const measured = await measure(resolve(io.environment.cwd, file), options);
    tell(without, measured, options, io);
    return measured.failed === 0 ? 0 : EXIT_FAILED;
  } catch (error) {
    if (!(error instanceof TestHostError)) throw error;
    sayProblems(error.problems, io);
    return EXIT_FAILED;
  }
}

async function measure(module: string | null, options: BenchOptions): Promise<Measured> {
  const host = await openFilter(module, {
    configuration: options.config ?? '',
    upstream: { answer: () => ({ status: 200, headers: { 'content-type': 'text/plain' } }) },
  });
  const plugin = module === null ? null : host.plugin(FILTER);
  // Their heads are through, their bodies never come.
  for (let i = 0; i < options.live; i++) host.begin({ ...REQUEST, body: ['later'] });
  let failed = 0;
  const once = () => {
    const { response } = host.request(REQUEST);
    if (!response.ended) failed++;
    host.upstream.attempts.length = 0;
  };
  for (let i = 0; i < WARM_UP; i++) once();
  const fuelBefore = plugin?.usage.fuel ?? 0;
  const memoryBefore = plugin?.memoryBytes ?? 0;
  const times = new Float64Array(options.requests);
  for (let i = 0; i < options.requests; i++) {
    const started = performance.now();
    once();
    times[i] = (performance.now() - started) * 1000;
  }
  times.sort();
  const fuel = plugin === null ? null : (plugin.usage.fuel - fuelBefore) / options.requests;
  const memoryBytes = plugin?.memoryBytes ?? 0;
  if (plugin !== null && plugin.fault !== null) throw new TestHostError([plugin.fault]);
  host.close();
  return {
    p50: at(times, 0.5),
    p99: at(times, 0.99),
    fuel,
    memoryBytes,
    memoryGrowthBytes: memoryBytes - memoryBefore,
    failed,
  };
}

function at(sorted: Float64Array, share: number): number {
  return sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
}

function tell(without: Cost, measured: Measured, options: BenchOptions, io: Io): void {
  const added: Cost = { p50: measured.p50 - without.p50, p99: measured.p99 - without.p99 };
  const { requests, live } = options;
  const { fuel, memoryBytes, memoryGrowthBytes, failed } = measured;
  if (options.output === 'json') {
    const base = { p50: without.p50, p99: without.p99 };
    const all = { p50: measured.p50, p99: measured.p99 };
    const facts = { fuel, memoryBytes, memoryGrowthBytes, failed };
    io.out(JSON.stringify({ requests, live, us: { without: base, with: all, added }, ...facts }));
    return;
  }
  const row = (name: string, { p50, p99 }: Cost) => [name, p50.toFixed(2), p99.toFixed(2)];
  const rows = [row('without it', without), row('with it', measured), row('added', added)];
  io.out(formatTable([`us, ${requests} requests, ${live} live`, 'P50', 'P99'], rows));
  io.out(`fuel ${(fuel ?? 0).toFixed(0)} units a request`);
  io.out(`memory ${memoryBytes / 1024} KiB, grown by ${memoryGrowthBytes / 1024} KiB`);
  if (failed > 0) io.out(`${failed} requests had no answer`);
}
