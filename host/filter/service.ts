import type { Plugin } from './plugin.ts';

/**
 * The filters of one HTTP connection manager, ready to serve. Immutable: a change makes another
 * one, and a stream keeps the one it began with.
 */
export interface FilterChain {
  /** Filters in the order of the configuration, then modules that only take part by route. */
  readonly plugins: readonly Plugin[];
  /** So many of `plugins` stand on the road; the rest has no callback there. */
  readonly roadLength: number;
  /** Place of the module that selects routes, -1 where there is none. */
  readonly routerAt: number;
  /** Modules that only log, filters before access logs; their contexts are made at log time. */
  readonly loggers: readonly Plugin[];
}
