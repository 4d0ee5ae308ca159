import { systemClock } from '@lateen/sdk/base/clock';
import { hasErrors, type Problem } from '@lateen/sdk/base/problem';
import { fail, ok, type Result } from '@lateen/sdk/base/result';
import { runInSlices, type Steps } from '../observe/steps.ts';
import type { Assignment } from '../upstream/assignment.ts';
import { parseAssignment } from '../upstream/assignment.ts';
import { type ClusterConfig, parseCluster } from '../upstream/cluster-config.ts';
import type { ClusterChange } from '../upstream/cluster-manager.ts';
import type { ChangeMessage } from './messages.ts';
import type { PreparedChange, Runtime } from './runtime.ts';

/** A change that this thread can commit without fail. */
export interface Prepared {
  readonly services: PreparedChange;
  readonly clusters: ClusterChange;
  /** Warnings. */
  readonly problems: readonly Problem[];
}

/** Parses the clusters and prepares the services of a change; whole or not at all. */
export function* prepareChange(
  message: ChangeMessage,
  runtime: Runtime,
): Steps<Result<Prepared, readonly Problem[]>> {
  const problems: Problem[] = [];
  const clusters: ClusterConfig[] = [];
  const assignments: Assignment[] = [];
  for (const json of message.clusters) {
    const parsed = parseCluster(json);
    problems.push(...parsed.problems);
    if (parsed.value !== null) clusters.push(parsed.value);
  }
  for (const json of message.assignments) {
    const parsed = parseAssignment(json);
    problems.push(...parsed.problems);
    if (parsed.value !== null) assignments.push(parsed.value);
  }
  if (hasErrors(problems)) return fail(problems);
  const services = yield* runtime.prepare(message);
  if (!services.ok) return fail([...problems, ...services.error]);
  const removedClusters = message.removedClusters;
  return ok({
    services: services.value,
    clusters: { clusters, removedClusters, assignments },
    problems: [...problems, ...services.value.problems],
  });
}

/** How long preparing may keep requests waiting at a time; a single configuration may take longer. */
const SLICE_MS = 5;

/** Preparing while the thread goes on serving. */
export function inSlices<T>(steps: Steps<T>): Promise<T> {
  return runInSlices(steps, systemClock, SLICE_MS);
}
