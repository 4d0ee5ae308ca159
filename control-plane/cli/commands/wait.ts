import { setTimeout as pause } from 'node:timers/promises';
import { fail, ok, type Result } from '@lateen/sdk/base/result';
import type { AppliedObject, SyncStatus } from '../../admin/backend.ts';
import type { ResourceStatus } from '../../status/resource-status.ts';
import type { Client } from '../client.ts';
import { cannot } from '../say.ts';

const POLL_MS = 50;

export interface WaitFor {
  readonly revision: number;
  readonly objects: readonly AppliedObject[];
  readonly timeoutMs: number;
}

/** Waits until every proxy runs what was applied; fails when one refuses it, or at the time limit. */
export async function waitInForce(client: Client, goal: WaitFor): Promise<Result<string>> {
  const end = performance.now() + goal.timeoutMs;
  for (;;) {
    const seen = await look(client);
    if (!seen.ok) return seen;
    const verdict = judge(seen.value.sync, seen.value.resources, goal);
    if (verdict !== undefined) return verdict;
    if (performance.now() > end) {
      return fail(
        cannot(`not in force after ${goal.timeoutMs / 1000} s: ${describe(seen.value.sync)}`),
      );
    }
    await pause(POLL_MS);
  }
}

interface Seen {
  readonly sync: SyncStatus;
  readonly resources: readonly ResourceStatus[];
}

/** In this order: what is in sync after the resources were read was so with what they say. */
async function look(client: Client): Promise<Result<Seen>> {
  const resources = await client.get('/v1/resources');
  if (!resources.ok) return resources;
  const sync = await client.get('/v1/sync');
  if (!sync.ok) return sync;
  const list = resources.value.json['resources'];
  return ok({
    sync: sync.value.json as unknown as SyncStatus,
    resources: (list ?? []) as unknown as readonly ResourceStatus[],
  });
}

/** Undefined: not yet. */
function judge(
  sync: SyncStatus,
  resources: readonly ResourceStatus[],
  goal: WaitFor,
): Result<string> | undefined {
  const wanted = goal.objects.map((object) =>
    resources.find(
      (each) =>
        each.kind === object.kind &&
        each.namespace === object.namespace &&
        each.name === object.name,
    ),
  );
  for (const status of wanted) {
    const problem = status?.problems.find(({ level }) => level === 'error');
    if (problem !== undefined) return fail(problem);
  }
  const pushed = sync.pushed >= Math.max(goal.revision, sync.revision);
  if (!pushed || sync.synced < sync.proxies) return undefined;
  const plugins = wanted.flatMap((status) => status?.plugin ?? []);
  const running = plugins.every(
    (plugin) => plugin.serving === 'newest' && plugin.active === plugin.proxies,
  );
  return running ? ok(describe(sync)) : undefined;
}

function describe(sync: SyncStatus): string {
  return `${sync.synced} of ${sync.proxies} proxies in sync`;
}
