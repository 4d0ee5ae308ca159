/** What a balancer looks at in a host. */
export interface Candidate {
  readonly address: string;
  /** At least 1. */
  readonly weight: number;
  readonly activeRequests: number;
}

/** Picks one of a fixed list of hosts; null where the list is empty. */
export type Picker<T extends Candidate> = (hash: number | null) => T | null;
