import type { JsonReader } from '@lateen/sdk/base/json-reader';

/** Which host of a cluster gets the next request. */
export interface BalancerConfig {
  readonly policy: BalancerPolicy;
  /** Below this share of healthy hosts (percent) all hosts are used; 0 = never. */
  readonly panicThreshold: number;
  /** Localities share the load by their weights before hosts do. */
  readonly localityWeighted: boolean;
}

export type BalancerPolicy =
  | { readonly kind: 'round-robin' }
  | { readonly kind: 'least-request'; readonly choices: number; readonly bias: number }
  | { readonly kind: 'random' }
  | { readonly kind: 'ring-hash'; readonly ringSizeMin: number; readonly ringSizeMax: number }
  | { readonly kind: 'maglev'; readonly tableSize: number };

const DEFAULT_PANIC_THRESHOLD = 50;
const RING_SIZE_LIMIT = 8 * 1024 * 1024;
const EXTENSION_PREFIX = 'type.googleapis.com/envoy.extensions.load_balancing_policies.';

/** Reads `lb_policy` with its options, or `load_balancing_policy`, whose first known entry wins. */
export function readBalancer(cluster: JsonReader): BalancerConfig {
  const common = readCommon(cluster.object('commonLbConfig'));
  const policy = cluster.has('loadBalancingPolicy')
    ? readPolicyList(cluster.object('loadBalancingPolicy'))
    : readLbPolicy(cluster);
  if (cluster.has('lbSubsetConfig')) {
    cluster.error('subset load balancing is not supported', 'lbSubsetConfig');
  }
  cluster.ignore('lbSubsetConfig', 'lbPolicy');
  for (const field of ['roundRobinLbConfig', 'leastRequestLbConfig', 'ringHashLbConfig']) {
    cluster.ignore(field);
  }
  cluster.ignore('maglevLbConfig');
  return { ...common, policy };
}

function readCommon(reader: JsonReader): Omit<BalancerConfig, 'policy'> {
  const panic = reader.object('healthyPanicThreshold');
  const value = {
    panicThreshold: reader.has('healthyPanicThreshold')
      ? panic.number('value')
      : DEFAULT_PANIC_THRESHOLD,
    localityWeighted: reader.has('localityWeightedLbConfig'),
  };
  reader.ignore('localityWeightedLbConfig', 'updateMergeWindow', 'ignoreNewHostsUntilFirstHc');
  reader.warnUnread();
  return value;
}

function readLbPolicy(cluster: JsonReader): BalancerPolicy {
  const name = cluster.string('lbPolicy', 'ROUND_ROBIN');
  switch (name) {
    case 'ROUND_ROBIN':
      cluster.object('roundRobinLbConfig').warnUnread();
      return { kind: 'round-robin' };
    case 'LEAST_REQUEST':
      return readLeastRequest(cluster.object('leastRequestLbConfig'));
    case 'RANDOM':
      return { kind: 'random' };
    case 'RING_HASH':
      return readRingHash(cluster.object('ringHashLbConfig'));
    case 'MAGLEV':
      return readMaglev(cluster.object('maglevLbConfig'));
    default:
      cluster.error(`${name} is not supported`, 'lbPolicy');
      return { kind: 'round-robin' };
  }
}

function readPolicyList(reader: JsonReader): BalancerPolicy {
  const policies = reader.objects('policies');
  for (const item of policies) {
    const config = item.object('typedExtensionConfig').object('typedConfig');
    const policy = readExtension(config);
    if (policy !== null) return policy;
  }
  reader.error('none of these policies is supported', 'policies');
  return { kind: 'round-robin' };
}

function readExtension(config: JsonReader): BalancerPolicy | null {
  const type = config.string('@type');
  if (!type.startsWith(EXTENSION_PREFIX)) return null;
  switch (type.slice(EXTENSION_PREFIX.length)) {
    case 'round_robin.v3.RoundRobin':
      config.warnUnread();
      return { kind: 'round-robin' };
    case 'least_request.v3.LeastRequest':
      return readLeastRequest(config);
    case 'random.v3.Random':
      return { kind: 'random' };
    case 'ring_hash.v3.RingHash':
      return readRingHash(config);
    case 'maglev.v3.Maglev':
      return readMaglev(config);
    default:
      return null;
  }
}

function readLeastRequest(reader: JsonReader): BalancerPolicy {
  const bias = reader.object('activeRequestBias');
  const value: BalancerPolicy = {
    kind: 'least-request',
    choices: reader.number('choiceCount', 2),
    bias: bias.number('defaultValue', 1),
  };
  reader.warnUnread();
  return value;
}

function readRingHash(reader: JsonReader): BalancerPolicy {
  const ringSizeMin = reader.number('minimumRingSize', 1024);
  const ringSizeMax = reader.number('maximumRingSize', RING_SIZE_LIMIT);
  if (ringSizeMin > ringSizeMax || ringSizeMax > RING_SIZE_LIMIT) {
    reader.error(`ring sizes ${ringSizeMin} to ${ringSizeMax} are out of range`);
  }
  reader.warnUnread();
  return { kind: 'ring-hash', ringSizeMin, ringSizeMax };
}

function readMaglev(reader: JsonReader): BalancerPolicy {
  const tableSize = reader.number('tableSize', 65_537);
  if (!isPrime(tableSize) || tableSize > 5_000_011) {
    reader.error('must be a prime of at most 5000011', 'tableSize');
  }
  reader.warnUnread();
  return { kind: 'maglev', tableSize };
}

function isPrime(value: number): boolean {
  if (!Number.isInteger(value) || value < 2) return false;
  for (let divisor = 2; divisor * divisor <= value; divisor++) {
    if (value % divisor === 0) return false;
  }
  return true;
}
