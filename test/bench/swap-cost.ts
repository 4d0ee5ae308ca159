import { bundledModules } from '@lateen/filters/bundled-modules';
import { measureSwaps } from '@lateen/host/testing/swap-bench';
import type { Row } from './rows.ts';

const SWAPS = 300;
const GOAL_MS = 20;

/** Compile, canary and start in a worker of a module of about 30 kB, as one that is not trusted. */
export async function runSwapCost(): Promise<readonly Row[]> {
  const [module] = bundledModules('stats');
  if (module === undefined) return [];
  const times = await measureSwaps(module.bytes, SWAPS);
  const totals = times.map(({ compileMs, canaryMs, workerMs }) => compileMs + canaryMs + workerMs);
  const sorted = [...totals].sort((a, b) => a - b);
  const size = `${Math.round(module.bytes.length / 1000)} kB`;
  return [
    row(`swap of ${size}: first`, totals[0] ?? 0),
    row(`swap of ${size}: p50`, sorted[SWAPS >> 1] ?? 0),
    row(`swap of ${size}: p99`, sorted[Math.floor(SWAPS * 0.99)] ?? 0),
  ];
}

function row(name: string, ms: number): Row {
  const lateen = Number(ms.toPrecision(3));
  return { case: name, lateen, peer: null, peerName: '', unit: 'ms', ratio: null, goal: GOAL_MS };
}
