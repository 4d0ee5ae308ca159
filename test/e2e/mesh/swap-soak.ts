import { RecordingOrigin } from '../../kit/recording-origin.ts';
import { SteadyLoad } from '../../kit/steady-load.ts';
import { wasmPlugin } from './resources.ts';
import { SmallMesh } from './small-mesh.ts';
import { compileVersionedGuest } from './versioned-guest.ts';

export interface SoakReport {
  readonly swaps: number;
  readonly answered: number;
  readonly failures: readonly string[];
  /** From the request to the control plane to the first answer of the new version; sorted. */
  readonly swapMs: readonly number[];
  /** Resident memory of the gateway in MB, at even distances. */
  readonly residentMb: readonly number[];
}

const SAMPLES = 20;
/** So many of one and the same plugin; the version's mark has four digits. */
export const SWAPS_MAX = 9_999;

/** Swaps a plugin of a gateway under load, each time for a module that was never there before. */
export async function soakSwaps(
  swaps: number,
  tell: (text: string) => void = () => {},
): Promise<SoakReport> {
  const guest = await compileVersionedGuest();
  await using modules = await RecordingOrigin.open({
    record: false,
    answer: ({ target }) => ({ body: guest.bytes(Number(target.slice(1))) }),
  });
  await using mesh = await SmallMesh.start();
  await using load = new SteadyLoad({ url: `http://127.0.0.1:${mesh.gateway}/`, concurrency: 4 });
  const swapMs: number[] = [];
  const residentMb: number[] = [];
  for (let number = 1; number <= swaps; number += 1) {
    const version = `mark-${String(number).padStart(4, '0')}/c1`;
    const from = performance.now();
    const spec = ['pluginConfig: {colour: c1}'];
    await mesh.apply(wasmPlugin({ name: 'versioned', url: `${modules.url}/${number}`, spec }));
    await mesh.until(version, (answer) => answer.header('x-version') === version);
    swapMs.push(performance.now() - from);
    if (number % Math.ceil(swaps / SAMPLES) !== 0) continue;
    residentMb.push(await residentOf(mesh));
    const failed = load.counts.failures.length;
    tell(`${number} swaps, ${load.counts.ok} answers, ${failed} failures, ${residentMb.at(-1)} MB`);
  }
  const { ok: answered, failures } = load.counts;
  swapMs.sort((a, b) => a - b);
  return { swaps, answered, failures: [...failures], swapMs, residentMb };
}

async function residentOf(mesh: SmallMesh): Promise<number> {
  const [gateway] = mesh.summary.proxies;
  const page = JSON.parse(await (await fetch(new URL('/memory', gateway?.admin))).text());
  return Math.round(Number(page.total_physical_bytes) / 1e6);
}
