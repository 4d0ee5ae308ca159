import type { Problem } from '@lateen/sdk/base/problem';
import { type Fault, formatPath } from '@lateen/sdk/xds/fault';
import type { SourceDocument } from './yaml-json.ts';

/** A fault of the registry as a problem at its place in the file. */
export function faultInSource(fault: Fault, document: SourceDocument): Problem {
  const place = document.locate(fault.path, fault.onKey === true);
  return {
    level: 'error',
    code: fault.code,
    message: fault.message,
    origin: { ...place, path: formatPath(fault.path) },
    ...(fault.fix === undefined ? {} : { fix: fault.fix }),
  };
}

/** A problem found in canonical JSON (camelCase paths) at its place in the file. */
export function problemInSource(
  problem: Problem,
  document: SourceDocument,
  prefix: readonly (string | number)[] = [],
): Problem {
  const path = [...prefix, ...splitPath(problem.origin.path ?? '')];
  const place = document.locate(path, true);
  return { ...problem, origin: { ...place, path: formatPath(path) } };
}

/** `a.b[2].c` to its steps. */
export function splitPath(path: string): readonly (string | number)[] {
  return [...path.matchAll(/\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|([^.[\]]+)/g)].map((match) =>
    match[1] === undefined ? (match[2] ?? match[3]!) : Number(match[1]),
  );
}
