import type { Problem } from '@lateen/sdk/base/problem';
import { type ConfigObject, objectKey, originOf } from '../api/object.ts';
import type { FileState } from './last-good.ts';

export interface SourceState {
  /** One of each: `Kind namespace/name` stands here once. */
  readonly objects: readonly ConfigObject[];
  readonly problems: readonly Problem[];
}

/**
 * All files as one. An object that stands in two places is in force as the one that was there
 * first (`inForce`), else as the first in the order of the sources; the other is a conflict.
 */
export function combine(
  files: Iterable<FileState>,
  listing: readonly Problem[],
  inForce: ReadonlyMap<string, ConfigObject>,
): SourceState {
  const problems = [...listing];
  const byKey = new Map<string, ConfigObject[]>();
  for (const file of files) {
    problems.push(...file.problems);
    for (const object of file.objects) {
      const key = objectKey(object);
      const list = byKey.get(key);
      if (list === undefined) byKey.set(key, [object]);
      else list.push(object);
    }
  }
  const objects: ConfigObject[] = [];
  for (const [key, claims] of byKey) {
    const file = inForce.get(key)?.source.file;
    const owner = claims.find((object) => object.source.file === file) ?? claims[0];
    if (owner === undefined) continue;
    objects.push(owner);
    for (const other of claims) if (other !== owner) problems.push(conflict(other, owner));
  }
  return { objects, problems };
}

function conflict(other: ConfigObject, owner: ConfigObject): Problem {
  const { file, line } = owner.source.at(['metadata', 'name']);
  const place = line === undefined ? file : `${file}:${line}`;
  return {
    level: 'error',
    code: 'LAT0105',
    message: `${objectKey(other)} also stands in ${place}, which is the one in force`,
    origin: originOf(other),
    fix: 'keep it in one place',
  };
}
