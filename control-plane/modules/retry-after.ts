import type { Problem } from '@lateen/sdk/base/problem';
import { fail, type Result } from '@lateen/sdk/base/result';
import { type Incoming, isPassing } from './exchange.ts';
import { FETCH_FAILED, FETCH_REFUSED, moduleProblem } from './problem.ts';

/** Nobody puts us off for longer; what is wanted may be elsewhere by then. */
const RETRY_AFTER_MAX_MS = 600_000;

/** A problem, and how long the server asked us to wait. */
interface PutOff extends Problem {
  readonly retryAfterMs: number;
}

/** The problem of a status that is no success: passing or a clear no, with `Retry-After` if there is one. */
export function refusedBy<T>(answer: Incoming, message: string): Result<T> {
  if (!isPassing(answer.status)) return fail(moduleProblem(FETCH_REFUSED, message));
  const retryAfterMs = readRetryAfter(answer.headers);
  const problem = moduleProblem(FETCH_FAILED, message);
  if (retryAfterMs === undefined) return fail(problem);
  const putOff: PutOff = { ...problem, retryAfterMs };
  return fail(putOff);
}

/** Milliseconds; 0 where nothing was asked of us. */
export function retryAfterOf(problem: Problem): number {
  const asked = 'retryAfterMs' in problem ? problem.retryAfterMs : 0;
  return typeof asked === 'number' ? asked : 0;
}

/** RFC 9110 10.2.3: seconds, or a date, which counts from the answer's own. */
function readRetryAfter(headers: Incoming['headers']): number | undefined {
  const [text, date] = [headers['retry-after'], headers['date']];
  if (typeof text !== 'string') return undefined;
  const ms = /^\d{1,9}$/.test(text)
    ? Number(text) * 1000
    : Date.parse(text) - Date.parse(typeof date === 'string' ? date : '');
  if (!Number.isFinite(ms)) return undefined;
  return Math.min(Math.max(ms, 0), RETRY_AFTER_MAX_MS);
}
