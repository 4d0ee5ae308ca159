/** A departure from a rule, and why the place is better for it. This list may only shrink. */
export interface Exception {
  /** As the test names the fault: the path, without the line. */
  readonly path: string;
  readonly rule: string;
  readonly reason: string;
}

export const EXCEPTIONS: readonly Exception[] = [
  {
    path: 'test/vitest.config.ts',
    rule: 'default export',
    reason: 'vitest reads the default export',
  },
];
