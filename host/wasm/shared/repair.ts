import type { Entries } from './entries.ts';
import {
  NAME_HEAD,
  REPAIRS,
  SPACE_KEYS,
  SPACE_NAME,
  SPACE_QUEUES,
  SPACES_MAX,
  spaceAt,
  TORN,
} from './layout.ts';
import type { SharedParts } from './parts.ts';
import type { Queues } from './queues.ts';
import type { Spaces } from './spaces.ts';

/** The structures of the shared memory, under the lock. */
export interface Structures {
  readonly parts: SharedParts;
  readonly spaces: Spaces;
  readonly entries: Entries;
  readonly queues: Queues;
}

/**
 * After a thread ended in the middle of a change: everything that is derived is made anew from
 * what counts as there. A change that was not complete has not happened; its block is free again.
 * Walks all there is: some 20 ms for a full arena of 64 MiB.
 */
export function repair({ parts, spaces, entries, queues }: Structures): void {
  const { region, arena } = parts;
  arena.beginRebuild();
  for (let space = 0; space < SPACES_MAX; space++) {
    const at = spaceAt(region, space);
    region.words.fill(0, at + SPACE_KEYS, at + SPACE_QUEUES + 1);
    const name = region.words[at + SPACE_NAME];
    if (name > 0) arena.keep(name, NAME_HEAD + region.words[name >>> 2]);
  }
  entries.recount();
  queues.recount();
  arena.endRebuild();
  region.words[TORN] = 0;
  region.words[REPAIRS]++;
  for (let space = 0; space < SPACES_MAX; space++) {
    if (spaces.abandoned(space)) removeSpace({ parts, spaces, entries, queues }, space);
  }
}

/** Removes what belongs to a VM id that nobody runs any more. */
export function removeSpace(structures: Structures, space: number): void {
  const removal = structures.spaces.doom(space);
  for (let step = 0; !removeStep(structures, { space, removal, step }); ) step++;
}

/** Buckets that one step looks through: so that nobody has the lock for long. */
const STEP = 8 * 1024;

/** The removal of a doomed space, and how far it is. */
export interface Removal {
  readonly space: number;
  /** What `doom` returned. */
  readonly removal: number;
  readonly step: number;
}

/** Does one step of a removal; true when that was the last one, or a repair was faster. */
export function removeStep(structures: Structures, { space, removal, step }: Removal): boolean {
  const { parts, spaces, entries, queues } = structures;
  const { bucketCount } = parts.region;
  if (!spaces.doomed(space, removal)) return true;
  const from = step * STEP;
  entries.clear(space, from, Math.min(from + STEP, bucketCount));
  if (from + STEP < bucketCount) return false;
  queues.clear(space);
  spaces.remove(space);
  return true;
}
