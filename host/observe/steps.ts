import type { Clock } from '@lateen/sdk/base/clock';

/** Work that can be interrupted wherever it yields. */
export type Steps<T> = Generator<undefined, T, undefined>;

/** All of it at once. */
export function runAtOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** In slices of about `sliceMs`; in between, whatever else waits in this thread has its turn. */
export async function runInSlices<T>(steps: Steps<T>, clock: Clock, sliceMs: number): Promise<T> {
  let began = clock.now();
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (clock.now() - began < sliceMs) continue;
    await new Promise((resolve) => setImmediate(resolve));
    began = clock.now();
  }
}
