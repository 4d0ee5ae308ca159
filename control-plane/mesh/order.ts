import type { ConfigObject } from '../api/object.ts';

/**
 * Istio's order wherever two resources want the same thing: the oldest first, then by name, then
 * by namespace. Files carry no time of creation, so among them the name decides.
 */
export function oldestFirst(a: ConfigObject, b: ConfigObject): number {
  return (
    createdAt(a) - createdAt(b) ||
    compare(a.metadata.name, b.metadata.name) ||
    compare(a.metadata.namespace, b.metadata.namespace)
  );
}

/** An object without a time of creation was there before every object with one. */
function createdAt(object: ConfigObject): number {
  const time = Date.parse(object.metadata.creationTimestamp ?? '');
  return Number.isNaN(time) ? 0 : time;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
