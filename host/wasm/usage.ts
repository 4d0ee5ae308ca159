/** Of so many callbacks one is looked at; what it took counts for all of them. */
export const SAMPLE_EVERY = 64;

/** What a plugin has used in this thread, whichever VM it ran in. */
export class PluginUsage {
  /** Known to within `SAMPLE_EVERY`, as the next two. */
  callbacks = 0;
  callbackMs = 0;
  /** Units, of modules that nobody vouches for. */
  fuel = 0;
  /** HTTP callouts started. */
  callouts = 0;
  /** Streams that got a context, or for a module that only logs, were logged. */
  streams = 0;
  /** Faults by code. */
  readonly faults = new Map<string, number>();

  sample(callbacks: number, ms: number, fuel: number): void {
    this.callbacks += callbacks;
    this.callbackMs += callbacks * ms;
    this.fuel += callbacks * fuel;
  }

  fault(code: string): void {
    this.faults.set(code, (this.faults.get(code) ?? 0) + 1);
  }
}
