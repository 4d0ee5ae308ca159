import { availableParallelism, loadavg } from 'node:os';

/**
 * Whether figures of time mean something now: others have left this machine the time to reach
 * them. A busy machine still shows what is dropped, mixed up or never comes.
 */
export function isCalm(): boolean {
  return loadavg()[0]! < availableParallelism() * 1.5;
}

/** What a load must reach for a test to say anything. */
export function requestsPerSecondMin(): number {
  return isCalm() ? 1_000 : 100;
}
