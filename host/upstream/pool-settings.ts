import type { Clock } from '@lateen/sdk/base/clock';
import type { Breakers } from './breakers.ts';
import type { ClusterConfig } from './cluster-config.ts';
import type { ClusterStats } from './cluster-stats.ts';
import type { ClientCodecs } from './upstream-protocol.ts';

/** What all pools of a cluster share. `config` is replaced when the cluster is updated. */
export interface PoolSettings {
  readonly config: ClusterConfig;
  readonly clock: Clock;
  readonly breakers: Breakers;
  readonly stats: ClusterStats;
  readonly codecs: ClientCodecs;
  /** A connection id, unique within the process. */
  readonly nextConnectionId: () => number;
}
