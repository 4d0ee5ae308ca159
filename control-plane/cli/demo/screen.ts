import { relative } from 'node:path';
import type { Io } from '../io.ts';
import { type Paint, paintFor } from '../paint.ts';
import { formatTable } from '../table.ts';
import type { TrafficCounts } from './traffic.ts';

export interface DemoView {
  readonly gateway: string;
  readonly admin: string;
  readonly tokenFile: string;
  readonly config: string;
  readonly tries: string;
  readonly logs: string;
  readonly rate: number;
  readonly services: readonly ServiceView[];
}

export interface ServiceView {
  readonly name: string;
  readonly sidecar: string;
  readonly filters: readonly string[];
}

/** Everything that stays on the screen above the live line. */
export function welcome(view: DemoView, io: Io): string {
  const paint = paintFor(io.environment.color);
  const near = (path: string): string => relative(io.environment.cwd, path) || '.';
  const rows = view.services.map((each) => [each.name, each.sidecar, each.filters.join(' › ')]);
  return [
    '',
    `  gateway         ${paint('cyan', `${view.gateway}/productpage`)}`,
    `  admin API       ${paint('cyan', view.admin)}   token in ${near(view.tokenFile)}`,
    `  configuration   ${near(view.config)}/   watched: edit a file and save`,
    `  logs            ${near(view.logs)}/`,
    '',
    indent(formatTable(['SERVICE', 'SIDECAR', 'FILTERS OF THE SIDECAR, INBOUND'], rows)),
    '',
    paint('bold', '  Now try'),
    indent(indent(tryThese(view, io))),
    '',
    view.rate === 0
      ? '  Ctrl-C ends everything'
      : `  ${view.rate} requests/s are being sent for you; Ctrl-C ends everything`,
    '',
  ].join('\n');
}

/** One line that says how it goes. */
export function liveLine(counts: TrafficCounts, paint: Paint): string {
  const failed = `● ${counts.failed} failed`;
  const parts = [
    paint('green', `● ${counts.ok} ok`),
    counts.failed === 0 ? paint('dim', failed) : paint('red', failed),
    `p50 ${counts.p50.toFixed(1)} ms`,
    `p95 ${counts.p95.toFixed(1)} ms`,
  ];
  return `  ${parts.join('   ')}`;
}

function tryThese(view: DemoView, io: Io): string {
  const near = (path: string): string => relative(io.environment.cwd, path) || '.';
  const { command } = io.environment;
  const all = "sed -i 's/weight: .*/weight: 0/; $ s/weight: .*/weight: 100/'";
  const things = [
    ['1 send everybody to reviews v3 (edit and save)', `${all} ${near(view.config)}/reviews.yaml`],
    [
      '2 make half of the ratings slow',
      `${command} apply -f ${near(view.tries)}/slow-ratings.yaml`,
    ],
    [
      '3 load a Wasm filter into the gateway',
      `${command} apply -f ${near(view.tries)}/hello-filter.yaml`,
    ],
  ];
  return things.map(([what = '', how = '']) => `${what.padEnd(48)}${how}`).join('\n');
}

function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '  ');
}
