import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { freePort } from '../kit/free-port.ts';
import { CASES, type RunOptions, runCase } from './cases.ts';
import { runFilterCost } from './filter-cost.ts';
import { hasNginx, originServer, startNginx } from './nginx.ts';
import { startOrigin } from './origin.ts';
import { formatTable, type Row } from './rows.ts';
import { runSwapCost } from './swap-cost.ts';

const HELP = `Usage: npm run bench [-- OPTIONS]

Lateen and nginx side by side on the same origin, one worker each: CPU time of the proxy for each
request, and latencies of a closed loop.

  -o, --output text|json   a table (default), or an array of rows
      --only TEXT          only cases whose name holds the text
      --seconds N          length of a round (default 4)
      --rounds N           rounds of each, taken in turn; the median counts (default 3)
      --connections N      (default 64)
      --save               writes the figures into test/bench/README.md
      --profile DIR        writes CPU profiles of lateen-proxy there (slower; for DevTools)
      --tool wrk|bundled   the load generator (default: wrk where it is installed)`;

const { values } = parseArgs({
  options: {
    output: { type: 'string', short: 'o', default: 'text' },
    only: { type: 'string', default: '' },
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '64' },
    tool: { type: 'string', default: existsSync('/usr/bin/wrk') ? 'wrk' : 'bundled' },
    profile: { type: 'string' },
    save: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

/** What others do on this machine: figures of a busy one are too high, ours more than nginx's. */
const loadBefore = loadavg()[0] ?? 0;

if (values.help) console.log(HELP);
else await main();

async function main(): Promise<void> {
  const originPort = await freePort();
  await using _origin = await openOrigin(originPort);
  const options: RunOptions = {
    originPort,
    tool: values.tool === 'wrk' ? 'wrk' : 'bundled',
    connections: Number(values.connections),
    seconds: Number(values.seconds),
    rounds: Number(values.rounds),
    profile: values.profile,
  };
  const rows: Row[] = [];
  for (const wanted of CASES) {
    if (!wanted.name.includes(values.only)) continue;
    say(`${wanted.name} ...`);
    rows.push(...(await runCase(wanted, options)));
  }
  if ('filter cost'.includes(values.only) || values.only.includes('filter cost')) {
    say('filter cost ...');
    rows.push(...(await runFilterCost()));
  }
  if ('swap cost'.includes(values.only)) {
    say('swap cost ...');
    rows.push(...(await runSwapCost()));
  }
  if (values.output === 'json') console.log(JSON.stringify(rows, null, 2));
  else console.log(report(rows, options));
  if (values.save) save(report(rows, options));
}

function report(rows: readonly Row[], options: RunOptions): string {
  return `${machine(options)}\n\n${formatTable(rows)}`;
}

/** Between the two comments that the README has for it. */
function save(text: string): void {
  const file = new URL('./README.md', import.meta.url);
  const figures = /(<!-- figures:.*-->\n)[\s\S]*(<!-- end of figures -->)/;
  const block = `\n\`\`\`text\n${text}\n\`\`\`\n\n`;
  writeFileSync(file, readFileSync(file, 'utf8').replace(figures, `$1${block}$2`));
}

/** The same origin for both: nginx where it is installed, else a small one of our own. */
async function openOrigin(port: number): Promise<AsyncDisposable> {
  if (hasNginx) return await startNginx(port, originServer(port), 'load');
  say('nginx is not installed: figures of Lateen alone');
  return await startOrigin(port);
}

/** Progress goes where it does not mix with the figures. */
function say(text: string): void {
  console.error(text);
}

function machine({ tool, connections, seconds, rounds }: RunOptions): string {
  const [cpu] = cpus();
  const date = new Date().toISOString().slice(0, 10);
  const busy =
    loadBefore > cpus().length / 2 ? ` (busy: load average ${loadBefore.toFixed(1)})` : '';
  return (
    `${date}, Node ${process.version}, ${cpus().length} x ${cpu?.model ?? 'unknown CPU'}${busy}; ` +
    `${tool}, ${connections} connections, ${rounds} rounds of ${seconds} s, median`
  );
}
