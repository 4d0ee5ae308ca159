import type { Clock, Random } from '@lateen/sdk/base/clock';
import type { JsonObject } from '@lateen/sdk/base/json';
import { silentLog } from '@lateen/sdk/base/log';
import { openCodecServices } from '../http/h1-options.ts';
import { type ClusterConfig, parseCluster } from '../upstream/cluster-config.ts';
import { ClusterManager } from '../upstream/cluster-manager.ts';
import { createClientCodecs } from '../upstream/codecs.ts';
import type { ResolveName } from '../upstream/dns.ts';
import { AttemptProbe, type ProbeRequest } from './attempt-probe.ts';
import { MemoryMetrics } from './memory-services.ts';

export interface ClusterBenchOptions<C extends Clock> {
  readonly clock: C;
  readonly random?: Random;
  readonly resolve?: ResolveName;
}

/** Real clusters over real sockets, with a test's own time, chance and names. */
export class ClusterBench<C extends Clock> {
  readonly manager: ClusterManager;
  readonly clock: C;
  readonly metrics = new MemoryMetrics();

  constructor(options: ClusterBenchOptions<C>) {
    const { clock, random = () => 0, resolve = resolveNothing } = options;
    let ids = 0;
    this.clock = clock;
    this.manager = new ClusterManager({
      clock,
      random,
      resolve,
      slots: this.metrics,
      codecs: createClientCodecs(openCodecServices(clock)),
      nextConnectionId: () => ++ids,
      publishesMembership: true,
      log: silentLog,
    });
  }

  /** One attempt at the cluster `c`. */
  probe(request?: ProbeRequest): AttemptProbe {
    const cluster = this.manager.get('c');
    if (cluster === undefined) throw new Error('there is no cluster "c"');
    return new AttemptProbe(cluster, request);
  }

  /** A statistic of the cluster `c`; 0 where it never counted. */
  stat(name: string): number {
    return this.metrics.values.get(`cluster.c.${name}`) ?? 0;
  }
}

/** The configuration of a cluster named `c`; throws with the problems where it is refused. */
export function clusterConfig(part: JsonObject = {}): ClusterConfig {
  const { value, problems } = parseCluster({ name: 'c', ...part });
  if (value === null) throw new Error(JSON.stringify(problems));
  return value;
}

/** `lb_endpoints` with one address and several ports. */
export function lbEndpoints(ports: readonly number[], address = '127.0.0.1'): JsonObject[] {
  return ports.map((portValue) => ({
    endpoint: { address: { socketAddress: { address, portValue } } },
  }));
}

function resolveNothing(): Promise<never> {
  return Promise.reject(new Error('nothing is to be resolved'));
}
