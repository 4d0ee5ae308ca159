import { parseArgs } from 'node:util';
import { SWAPS_MAX, soakSwaps } from '../e2e/mesh/swap-soak.ts';

const HELP = `Usage: node --conditions=lateen-source test/bench/swap-soak.ts [--swaps N]

Swaps a plugin of a gateway N times (default ${SWAPS_MAX}) under load, each time for a module that was
never there before. Fails if a request fails, or if memory still grows in the second half.`;

const { values } = parseArgs({
  options: {
    swaps: { type: 'string', default: String(SWAPS_MAX) },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
/** What the second half may have on top of the first, in MB: noise of the collector. */
const GROWTH_MB = 40;

if (values.help) console.log(HELP);
else await main(Math.min(SWAPS_MAX, Number(values.swaps)));

async function main(swaps: number): Promise<void> {
  const report = await soakSwaps(swaps, (text) => console.error(text));
  const { swapMs, residentMb, failures } = report;
  const half = Math.ceil(residentMb.length / 2);
  const first = Math.max(...residentMb.slice(0, half));
  const second = Math.max(...residentMb.slice(half));
  const median = swapMs[swapMs.length >> 1] ?? 0;
  console.log(`${swaps} swaps, ${report.answered} answers, ${failures.length} failed`);
  console.log(`from apply to the first answer: median ${median.toFixed(0)} ms`);
  console.log(`memory: at most ${first} MB in the first half, ${second} MB in the second`);
  if (failures.length > 0 || second > first + GROWTH_MB) process.exitCode = 1;
}
