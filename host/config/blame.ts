import type { Problem } from '@lateen/sdk/base/problem';
import { RESOURCE_TYPES, type ResourceChange, type ResourceType } from './resources.ts';

export interface RefusedResource {
  readonly type: ResourceType;
  readonly name: string;
  readonly problems: readonly Problem[];
}

const KINDS: Readonly<Record<ResourceType, string>> = {
  clusters: 'Cluster',
  assignments: 'ClusterLoadAssignment',
  extensions: 'TypedExtensionConfig',
  routes: 'RouteConfiguration',
  listeners: 'Listener',
};

/**
 * Which resources of a refused change its problems are about, by the name in their origin. None
 * where no problem names one and the change holds several (an extension's fault shows in a listener
 * that uses it, for instance); a change of a single resource has itself to blame.
 */
export function blameProblems(
  problems: readonly Problem[],
  change: ResourceChange,
): readonly RefusedResource[] {
  const errors = problems.filter((problem) => problem.level === 'error');
  const all = RESOURCE_TYPES.flatMap((type) => [
    ...[...(change[type]?.set.keys() ?? [])].map((name) => ({ type, name })),
    ...(change[type]?.removed ?? []).map((name) => ({ type, name })),
  ]);
  const named = all.flatMap(({ type, name }) => {
    const own = errors.filter((problem) => isAbout(problem, type, name));
    return own.length === 0 ? [] : [{ type, name, problems: own }];
  });
  if (named.length > 0 || all.length > 1) return named;
  return all.map(({ type, name }) => ({ type, name, problems: errors }));
}

function isAbout(problem: Problem, type: ResourceType, name: string): boolean {
  const { resource } = problem.origin;
  return resource === name || resource === `${KINDS[type]} ${name}`;
}
