import type { Origin } from '@lateen/sdk/base/problem';

/** A field of a document: keys and list indexes from the top. */
export type FieldPath = readonly (string | number)[];

/** Which end of `key: value` a caret should stand under. */
export type Target = 'key' | 'value';

/** Something that was written in a file and can say where each of its fields stands. */
export interface Located {
  readonly file: string;
  /** The field's place, or that of the nearest enclosing field that was written. */
  at(path: FieldPath, target?: Target): Origin;
}

/** `spec.http[0].route[1]`; keys that are no plain words stand in brackets with quotes. */
export function formatPath(path: FieldPath): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (!/^[\w-]+$/.test(part)) text += `[${JSON.stringify(part)}]`;
    else text += text === '' ? part : `.${part}`;
  }
  return text;
}

/** The same source, seen from one of its fields: a List's item, or a part of it. */
export function scoped(source: Located, prefix: FieldPath): Located {
  if (prefix.length === 0) return source;
  return {
    file: source.file,
    at: (path, target) => source.at([...prefix, ...path], target),
  };
}
