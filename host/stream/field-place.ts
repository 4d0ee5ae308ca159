import type { Problem } from '@lateen/sdk/base/problem';

/** A field of a resource, as the operator finds it: `Listener main`, `filter_chains[0].filters[0]`. */
export interface FieldPlace {
  readonly resource: string;
  /** '' = the resource itself. */
  readonly path: string;
}

/** A field further in. */
export function inside(place: FieldPlace, path: string): FieldPlace {
  return { resource: place.resource, path: joinPaths(place.path, path) };
}

/**
 * A problem that a module has with its own configuration, said of the field where that stands. To a
 * plugin its configuration is `typed_config`, wherever the operator wrote it.
 */
export function problemWithin(problem: Problem, place: FieldPlace): Problem {
  const own = (problem.origin.path ?? '').replace(/^typed_config\.?/, '');
  const path = joinPaths(place.path, own);
  return { ...problem, origin: { ...problem.origin, resource: place.resource, path } };
}

/** With the names of fields as they are written in YAML; keys in brackets stay as they are. */
function joinPaths(outer: string, inner: string): string {
  const dot = outer === '' || inner === '' || inner.startsWith('[') ? '' : '.';
  return `${outer}${dot}${inner}`.replace(/\[[^\]]*\]|[A-Z]/g, (found) =>
    found.startsWith('[') ? found : `_${found.toLowerCase()}`,
  );
}
