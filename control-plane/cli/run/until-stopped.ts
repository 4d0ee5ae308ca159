import type { Environment } from '../environment.ts';

/** Resolves at Ctrl-C, SIGTERM or SIGHUP; what comes after the first is the same wish again. */
export function untilStopped(environment: Environment): Promise<void> {
  return new Promise((done) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => done());
    if (environment.underNpm) watchParent(done);
  });
}

/**
 * Under `npm start` the terminal belongs to npm; when npm is killed nobody tells us, except that
 * our parent becomes another process.
 */
function watchParent(done: () => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid !== parent) done();
  }, 1_000);
  timer.unref();
}
