import type { Problem } from '../base/problem.ts';

/** Steps to a field: names as the source spells them, indexes, map keys. */
export type FieldPath = readonly (string | number)[];

/** One thing that is wrong with a message. */
export interface Fault {
  readonly path: FieldPath;
  readonly code: FaultCode;
  readonly message: string;
  /** What to write instead. */
  readonly fix?: string;
  /** The name of the field is wrong, not its value. */
  readonly onKey?: true;
}

/**
 * LAT0603 bytes that are no such message; LAT0604 unknown type; LAT0605 a rule of the API is
 * violated; LAT0606 JSON that does not fit the message.
 */
export type FaultCode = 'LAT0603' | 'LAT0604' | 'LAT0605' | 'LAT0606';

/** More than this are not collected: one broken template can yield thousands. */
export const FAULTS_MAX = 32;

/** `virtual_hosts[2].routes[0].match`. */
export function formatPath(path: FieldPath): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (/^[\w@-]+$/.test(step)) text += text === '' ? step : `.${step}`;
    else text += `[${JSON.stringify(step)}]`;
  }
  return text;
}

export function faultProblem(fault: Fault, resource: string): Problem {
  const { code, message, fix } = fault;
  const origin = { resource, path: formatPath(fault.path) };
  return { level: 'error', code, message, origin, ...(fix === undefined ? {} : { fix }) };
}

/** One problem that tells all of the faults; the first one's path and code. */
export function mergeFaults(faults: readonly Fault[], resource: string): Problem {
  const [first, ...rest] = faults;
  const problem = faultProblem(first!, resource);
  if (rest.length === 0) return problem;
  const texts = rest.map((fault) => `${formatPath(fault.path)}: ${fault.message}`);
  return { ...problem, message: [problem.message, ...texts].join('; ') };
}
