/** How healthy one priority is; counts of hosts. */
export interface PriorityHealth {
  readonly hosts: number;
  readonly healthy: number;
  readonly degraded: number;
}

/** What share of the traffic a priority's hosts get. All shares together are 100. */
export interface PriorityLoad {
  readonly healthyPercent: number;
  readonly degradedPercent: number;
  /** Too few healthy hosts: health is disregarded. */
  readonly panic: boolean;
}

export interface LoadRules {
  /** 140 = a priority counts as fully healthy from 72 % of healthy hosts on. */
  readonly overprovisioningFactor: number;
  /** Percent; 0 = no panic. */
  readonly panicThreshold: number;
}

/**
 * Envoy's priority levels (https://www.envoyproxy.io/docs, "Priority levels", "Panic threshold"):
 * each takes what its health allows, healthy hosts of all priorities before degraded ones, and
 * what is missing to 100 % is made up in proportion. No priority panics while together they are
 * healthy enough; when all of them panic, the traffic goes by number of hosts.
 */
export function shareLoad(
  priorities: readonly PriorityHealth[],
  rules: LoadRules,
): readonly PriorityLoad[] {
  const factor = rules.overprovisioningFactor;
  const healthy = priorities.map((item) => availability(item.healthy, item.hosts, factor));
  const degraded = priorities.map((item) => availability(item.degraded, item.hosts, factor));
  const total = Math.min(100, sum(healthy) + sum(degraded));
  const inPanic = priorities.map((item) => total !== 100 && panics(item, rules.panicThreshold));
  if (priorities.length > 0 && inPanic.every((panic) => panic)) return shareByHosts(priorities);
  if (total === 0) return priorities.map((_, index) => load(index === 0 ? 100 : 0, 0, false));
  return distribute(healthy, degraded, total).map(({ healthyPercent, degradedPercent }, index) =>
    load(healthyPercent, degradedPercent, inPanic[index]),
  );
}

/** Percent of hosts that can serve, with overprovisioning, at most 100. */
function availability(able: number, hosts: number, factor: number): number {
  return hosts === 0 ? 0 : Math.min(100, Math.floor((factor * able) / hosts));
}

function panics(item: PriorityHealth, threshold: number): boolean {
  if (threshold === 0) return false;
  if (item.hosts === 0) return true;
  return (100 * (item.healthy + item.degraded)) / item.hosts < threshold;
}

function distribute(
  healthy: readonly number[],
  degraded: readonly number[],
  total: number,
): { healthyPercent: number; degradedPercent: number }[] {
  const loads = healthy.map(() => ({ healthyPercent: 0, degradedPercent: 0 }));
  let left = 100;
  const take = (available: number): number => {
    const share = Math.min(left, Math.floor((available * 100) / total));
    left -= share;
    return share;
  };
  healthy.forEach((available, index) => {
    loads[index].healthyPercent = take(available);
  });
  degraded.forEach((available, index) => {
    loads[index].degradedPercent = take(available);
  });
  // What rounding left over goes to the first that can take it.
  const firstHealthy = healthy.findIndex((available) => available > 0);
  if (firstHealthy !== -1) loads[firstHealthy].healthyPercent += left;
  else loads[degraded.findIndex((available) => available > 0)].degradedPercent += left;
  return loads;
}

function shareByHosts(priorities: readonly PriorityHealth[]): readonly PriorityLoad[] {
  const total = sum(priorities.map((item) => item.hosts));
  const shares = priorities.map((item) =>
    total === 0 ? 0 : Math.floor((100 * item.hosts) / total),
  );
  const first = Math.max(
    0,
    priorities.findIndex((item) => item.hosts > 0),
  );
  shares[first] += 100 - sum(shares);
  return shares.map((share) => load(share, 0, true));
}

function load(healthyPercent: number, degradedPercent: number, panic: boolean): PriorityLoad {
  return { healthyPercent, degradedPercent, panic };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
