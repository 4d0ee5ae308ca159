import type { TrafficPolicy } from '../api/destination-rule.ts';
import type { TypedObject } from '../api/object.ts';
import { bySpecificity, exportedTo, fullHost, hostCovers } from './hosts.ts';
import type { MeshService } from './mesh.ts';
import type { MeshSettings } from './settings.ts';

export interface MergedSubset {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly policy: TrafficPolicy | undefined;
  readonly rule: TypedObject<'DestinationRule'>;
  /** Its place in the rule's list. */
  readonly index: number;
}

/** The rules of one namespace for one host, as one. */
export interface MergedRule {
  readonly host: string;
  readonly policy: TrafficPolicy | undefined;
  /** The rule that gave the policy, or the oldest. */
  readonly rule: TypedObject<'DestinationRule'>;
  readonly subsets: readonly MergedSubset[];
}

/** What a policy says about one port, with port-level and subset-level settings applied. */
export type PortPolicy = Pick<
  TrafficPolicy,
  'loadBalancer' | 'connectionPool' | 'outlierDetection'
>;

export interface DestinationRules {
  /**
   * The rule that a client in `namespace` follows for a service: its own namespace's, else the
   * service's, else the root namespace's. The first that has one is used alone.
   */
  find(
    service: Pick<MeshService, 'hostname' | 'namespace'>,
    namespace: string,
  ): MergedRule | undefined;
}

/** `rules` are oldest first. */
export function indexDestinationRules(
  rules: readonly TypedObject<'DestinationRule'>[],
  settings: MeshSettings,
): DestinationRules {
  const byNamespace = new Map<string, Candidate[]>();
  for (const rule of rules) {
    const { namespace } = rule.metadata;
    const candidate = { rule, host: fullHost(rule.spec.host, namespace, settings.domain) };
    const list = byNamespace.get(namespace);
    if (list === undefined) byNamespace.set(namespace, [candidate]);
    else list.push(candidate);
  }
  const findIn = (home: string, hostname: string, client: string): MergedRule | undefined => {
    const matching = (byNamespace.get(home) ?? []).filter(
      ({ rule, host }) =>
        hostCovers(host, hostname) &&
        (home === client ||
          exportedTo(rule.spec.exportTo ?? settings.defaultDestinationRuleExportTo, home, client)),
    );
    const best = matching.map(({ host }) => host).sort(bySpecificity)[0];
    return best === undefined ? undefined : merge(best, matching);
  };
  return {
    find(service, namespace) {
      const homes = new Set([namespace, service.namespace, settings.rootNamespace]);
      if (namespace === settings.rootNamespace) homes.delete(namespace);
      for (const home of [...homes, settings.rootNamespace]) {
        const found = findIn(home, service.hostname, namespace);
        if (found !== undefined) return found;
      }
      return undefined;
    },
  };
}

interface Candidate {
  readonly rule: TypedObject<'DestinationRule'>;
  readonly host: string;
}

/** Subsets add up, the first of a name wins; the first top-level policy wins. */
function merge(host: string, candidates: readonly Candidate[]): MergedRule | undefined {
  const same = candidates.filter((candidate) => candidate.host === host);
  const first = same[0];
  if (first === undefined) return undefined;
  const subsets = new Map<string, MergedSubset>();
  for (const { rule } of same) {
    for (const [index, subset] of (rule.spec.subsets ?? []).entries()) {
      if (subsets.has(subset.name)) continue;
      subsets.set(subset.name, {
        name: subset.name,
        labels: subset.labels ?? {},
        policy: subset.trafficPolicy,
        rule,
        index,
      });
    }
  }
  const owner = same.find(({ rule }) => rule.spec.trafficPolicy !== undefined) ?? first;
  return {
    host,
    policy: owner.rule.spec.trafficPolicy,
    rule: owner.rule,
    subsets: [...subsets.values()],
  };
}

/**
 * Port-level settings replace the destination's wholesale: what they leave out takes the default,
 * not the parent's value. A subset's policy overrides field by field.
 */
export function policyForPort(
  rule: MergedRule | undefined,
  subset: MergedSubset | undefined,
  port: number,
): PortPolicy {
  return { ...atPort(rule?.policy, port), ...defined(atPort(subset?.policy, port)) };
}

function atPort(policy: TrafficPolicy | undefined, port: number): PortPolicy {
  const level = policy?.portLevelSettings?.find((item) => item.port?.number === port) ?? policy;
  return {
    loadBalancer: level?.loadBalancer,
    connectionPool: level?.connectionPool,
    outlierDetection: level?.outlierDetection,
  };
}

function defined(policy: PortPolicy): PortPolicy {
  return Object.fromEntries(Object.entries(policy).filter(([, value]) => value !== undefined));
}
