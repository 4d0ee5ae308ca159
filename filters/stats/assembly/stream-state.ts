import { IdMap } from '@lateen/sdk/assembly/bytes/id-map';

/** The root context of each stream at hand; a stream lives here only while it is counted. */
const roots = new IdMap<i32>();

export function openState(stream: i32, root: i32): void {
  roots.set(stream, root);
}

export function rootOf(stream: i32): i32 {
  return roots.get(stream, 0);
}

export function closeState(stream: i32): void {
  roots.remove(stream);
}
