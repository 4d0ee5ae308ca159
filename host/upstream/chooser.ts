import type { Random } from '@lateen/sdk/base/clock';
import type { Health } from './assignment.ts';
import type { BalancerConfig } from './balancer-config.ts';
import type { Candidate, Picker } from './candidate.ts';
import { EdfScheduler } from './edf-scheduler.ts';
import { below, createPicker } from './picker.ts';
import { type PriorityLoad, shareLoad } from './priorities.ts';

/** What choosing looks at beyond the balancer's own. */
export interface ChoosableHost extends Candidate {
  readonly health: Health;
  readonly priority: number;
  readonly locality: string;
}

export interface ChooserRules {
  readonly balancer: BalancerConfig;
  readonly overprovisioningFactor: number;
  /** Weight of each locality by its text; asked only where localities are weighted. */
  readonly localityWeights: ReadonlyMap<string, number>;
  readonly random: Random;
  /** A choice disregarded health, because too few hosts are healthy. */
  readonly onPanic: () => void;
}

/** Chooses a host from a fixed list: first a priority, then a locality, then a host. */
export type Chooser<T extends ChoosableHost> = (hash: number | null) => T | null;

interface Level<T extends ChoosableHost> {
  readonly load: PriorityLoad;
  readonly healthy: Picker<T>;
  readonly degraded: Picker<T>;
  readonly all: Picker<T>;
}

/** Made anew whenever a host comes, goes or changes its health, weight or place. */
export function createChooser<T extends ChoosableHost>(
  hosts: readonly T[],
  rules: ChooserRules,
): Chooser<T> {
  const levels = createLevels(hosts, rules);
  if (levels.length === 0) return () => null;
  const pick = (level: Level<T>, degraded: boolean, hash: number | null): T | null => {
    if (!level.load.panic) return degraded ? level.degraded(hash) : level.healthy(hash);
    rules.onPanic();
    return level.all(hash);
  };
  if (levels.length === 1 && levels[0].load.degradedPercent === 0) {
    return (hash) => pick(levels[0], false, hash);
  }
  return (hash) => {
    const draw = hash === null ? below(100, rules.random) : hash % 100;
    let passed = 0;
    for (const level of levels) {
      passed += level.load.healthyPercent;
      if (draw < passed) return pick(level, false, hash);
    }
    for (const level of levels) {
      passed += level.load.degradedPercent;
      if (draw < passed) return pick(level, true, hash);
    }
    return null;
  };
}

function createLevels<T extends ChoosableHost>(
  hosts: readonly T[],
  rules: ChooserRules,
): readonly Level<T>[] {
  const byPriority: T[][] = [];
  for (const host of hosts) {
    while (byPriority.length <= host.priority) byPriority.push([]);
    byPriority[host.priority].push(host);
  }
  const loads = shareLoad(
    byPriority.map((level) => ({
      hosts: level.length,
      healthy: level.filter((host) => host.health === 'healthy').length,
      degraded: level.filter((host) => host.health === 'degraded').length,
    })),
    {
      overprovisioningFactor: rules.overprovisioningFactor,
      panicThreshold: rules.balancer.panicThreshold,
    },
  );
  return byPriority.map((level, index) => ({
    load: loads[index],
    healthy: pickerFor(level, 'healthy', rules),
    degraded: pickerFor(level, 'degraded', rules),
    all: createPicker(rules.balancer.policy, level, rules.random),
  }));
}

function pickerFor<T extends ChoosableHost>(
  level: readonly T[],
  health: Health,
  rules: ChooserRules,
): Picker<T> {
  const { balancer, random } = rules;
  if (balancer.localityWeighted) return localityPicker(level, health, rules);
  const able = level.filter((host) => host.health === health);
  return createPicker(balancer.policy, able, random);
}

/** Envoy's locality weights: weight * min(1, overprovisioning * share of hosts that are able). */
function localityPicker<T extends ChoosableHost>(
  level: readonly T[],
  health: Health,
  rules: ChooserRules,
): Picker<T> {
  const localities = [...new Set(level.map((host) => host.locality))];
  const entries = localities.flatMap((locality) => {
    const here = level.filter((host) => host.locality === locality);
    const able = here.filter((host) => host.health === health);
    const share = (rules.overprovisioningFactor * able.length) / here.length / 100;
    const weight = (rules.localityWeights.get(locality) ?? 0) * Math.min(1, share);
    const picker = createPicker(rules.balancer.policy, able, rules.random);
    return weight > 0 ? [{ weight, picker }] : [];
  });
  const scheduler = new EdfScheduler(entries.length, (index) => entries[index].weight);
  return (hash) => {
    const index = scheduler.pick();
    return index === -1 ? null : entries[index].picker(hash);
  };
}
