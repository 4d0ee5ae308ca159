import { setTimeout as delay } from 'node:timers/promises';

export interface Deadline {
  /** How long to go on before giving up, in milliseconds; default 5,000. */
  readonly deadlineMs?: number;
}

const DEADLINE_MS = 5_000;
const FIRST_PAUSE_MS = 1;
const LONGEST_PAUSE_MS = 25;

/**
 * Asks again and again until `probe` gives something truthy, and returns that. What a test says it
 * waits for stands in the error, with the last thing that `probe` threw. For what another process
 * does; inside one process step a clock instead.
 */
export async function waitFor<T>(
  what: string,
  probe: () => T | Promise<T>,
  options: Deadline = {},
): Promise<NonNullable<T>> {
  const deadlineMs = options.deadlineMs ?? DEADLINE_MS;
  const end = performance.now() + deadlineMs;
  let pauseMs = FIRST_PAUSE_MS;
  let lastError: unknown;
  for (;;) {
    try {
      const value = await probe();
      if (value) return value;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() >= end) {
      throw new Error(`waited ${deadlineMs} ms in vain for ${what}`, { cause: lastError });
    }
    await delay(pauseMs);
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  }
}

/** The promise's own outcome, or an error that names `what` once the deadline has passed. */
export async function withDeadline<T>(
  what: string,
  promise: Promise<T>,
  options: Deadline = {},
): Promise<T> {
  const deadlineMs = options.deadlineMs ?? DEADLINE_MS;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new Error(`waited ${deadlineMs} ms in vain for ${what}`);
    timer = setTimeout(() => reject(error), deadlineMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
