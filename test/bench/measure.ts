import { type LoadOptions, type LoadResult, runLoad } from './load.ts';
import { cpuMs } from './process-cpu.ts';

/** Something under load, and the process that pays for it. */
export interface Subject {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
}

export interface Figures {
  /** CPU time of the proxy for each request, in microseconds. */
  readonly cpuUs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly errors: number;
}

export interface MeasureOptions {
  readonly load: Omit<LoadOptions, 'port'>;
  /** Rounds for each subject, taken in turn so that a busy moment hits all alike. */
  readonly rounds: number;
  readonly warmUpSeconds: number;
}

/** Median figures of each subject, in the order given. */
export async function measure(
  subjects: readonly Subject[],
  options: MeasureOptions,
): Promise<readonly Figures[]> {
  const rounds: Figures[][] = subjects.map(() => []);
  for (const { port } of subjects) {
    await runLoad({ ...options.load, port, seconds: options.warmUpSeconds });
  }
  for (let round = 0; round < options.rounds; round += 1) {
    for (const [index, subject] of subjects.entries()) {
      rounds[index]!.push(await measureOnce(subject, options.load));
    }
  }
  return rounds.map(medianFigures);
}

async function measureOnce(subject: Subject, load: MeasureOptions['load']): Promise<Figures> {
  const before = cpuMs(subject.pid);
  const result: LoadResult = await runLoad({ ...load, port: subject.port });
  const used = cpuMs(subject.pid) - before;
  if (result.requests === 0) throw new Error(`${subject.name} answered no request`);
  const { p50Ms, p99Ms, errors } = result;
  return { cpuUs: (used * 1000) / result.requests, p50Ms, p99Ms, errors };
}

function medianFigures(rounds: readonly Figures[]): Figures {
  const middle = (pick: (figures: Figures) => number) => {
    const sorted = rounds.map(pick).sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)]!;
  };
  return {
    cpuUs: middle((figures) => figures.cpuUs),
    p50Ms: middle((figures) => figures.p50Ms),
    p99Ms: middle((figures) => figures.p99Ms),
    errors: rounds.reduce((sum, figures) => sum + figures.errors, 0),
  };
}
