import type { Level, Problem } from '@lateen/sdk/base/problem';
import type { FieldPath } from '../api/located.ts';
import { type ConfigObject, originOf } from '../api/object.ts';

/** A problem of an object, with its place. */
export function finding(
  object: ConfigObject,
  path: FieldPath,
  what: {
    readonly level: Level;
    readonly code: string;
    readonly message: string;
    readonly fix?: string;
  },
): Problem {
  return { ...what, origin: originOf(object, path) };
}
