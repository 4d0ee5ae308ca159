import type { Problem } from './problem.ts';

/** A value, or the reason there is none. Failures of the world are values, never exceptions. */
export type Result<T, E = Problem> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: E };

export function ok<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value };
}

export function fail<E>(error: E): { readonly ok: false; readonly error: E } {
  return { ok: false, error };
}

/**
 * What a pure stage returns: what it could make, and everything it has to say about the rest.
 * A stage never throws for bad input; a problem of level `error` means that the thing it names
 * was left out of `value`.
 */
export interface Outcome<T> {
  readonly value: T;
  readonly problems: readonly Problem[];
}
