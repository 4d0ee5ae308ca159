import type { Json, JsonObject } from '@lateen/sdk/base/json';
import { RBAC } from '@lateen/sdk/xds/type-urls';
import type {
  AuthorizationCondition,
  AuthorizationOperation,
  AuthorizationRule,
  AuthorizationSource,
} from '../api/authorization-policy.ts';
import type { TypedObject } from '../api/object.ts';
import { concerns } from '../mesh/hosts.ts';
import type { Mesh } from '../mesh/mesh.ts';
import { typed } from './json.ts';
import type { ProxyNode } from './node.ts';
import { origin } from './provenance.ts';
import { anyOf, cidr, headerRule, hostRules, pathRule } from './rbac-match.ts';

export const RBAC_FILTER = 'envoy.filters.http.rbac';

type Policy = TypedObject<'AuthorizationPolicy'>;
type Action = 'AUDIT' | 'DENY' | 'ALLOW';

const ENVOY_ACTIONS: Readonly<Record<Action, string>> = {
  AUDIT: 'LOG',
  DENY: 'DENY',
  ALLOW: 'ALLOW',
};

/** The RBAC filters of a proxy in the order in which they decide, and where each rule is written. */
export interface Authorization {
  readonly filters: readonly JsonObject[];
  /** By policy name in the filter. */
  readonly origins: Readonly<Record<string, JsonObject>>;
}

/**
 * Policies of the root namespace, of the workload's namespace and of the workload add up. DENY is
 * asked before ALLOW; without any ALLOW policy everything that is not denied passes.
 */
export function authorization(node: ProxyNode, mesh: Mesh): Authorization {
  const policies = mesh.of('AuthorizationPolicy').filter((policy) => {
    const { namespace } = policy.metadata;
    const selector = policy.spec.selector?.matchLabels;
    return concerns({ namespace, selector }, node, mesh.settings.rootNamespace);
  });
  const origins: Record<string, JsonObject> = {};
  const filters: JsonObject[] = [];
  for (const action of ['AUDIT', 'DENY', 'ALLOW'] as const) {
    const own = policies.filter((policy) => (policy.spec.action ?? 'ALLOW') === action);
    const enforced = policyMap(
      own.filter((policy) => !isDryRun(policy)),
      origins,
    );
    const shadow = policyMap(own.filter(isDryRun), origins);
    if (enforced === undefined && shadow === undefined) continue;
    filters.push({ name: RBAC_FILTER, typedConfig: rbacConfig(action, enforced, shadow) });
  }
  return { filters, origins };
}

function rbacConfig(
  action: Action,
  enforced: JsonObject | undefined,
  shadow: JsonObject | undefined,
): JsonObject {
  const rules = (policies: JsonObject): JsonObject => ({ action: ENVOY_ACTIONS[action], policies });
  return typed(RBAC, {
    ...(enforced === undefined ? {} : { rules: rules(enforced) }),
    ...(shadow === undefined
      ? {}
      : {
          shadowRules: rules(shadow),
          shadowRulesStatPrefix: `istio_dry_run_${action.toLowerCase()}_`,
        }),
  });
}

function isDryRun(policy: Policy): boolean {
  return policy.metadata.annotations['istio.io/dry-run'] === 'true';
}

/**
 * `ns[default]-policy[name]-rule[0]` to its permissions and principals. A policy without rules
 * matches nothing; under ALLOW that means that nothing is allowed, so it has to stand there.
 */
function policyMap(
  policies: readonly Policy[],
  origins: Record<string, JsonObject>,
): JsonObject | undefined {
  if (policies.length === 0) return undefined;
  const result: Record<string, JsonObject> = {};
  for (const policy of policies) {
    const { namespace, name } = policy.metadata;
    const rules = policy.spec.rules ?? [];
    if (rules.length === 0) {
      const key = `ns[${namespace}]-policy[${name}]-rule[0]`;
      result[key] = MATCHES_NOTHING;
      origins[key] = origin(policy);
    }
    for (const [index, rule] of rules.entries()) {
      const key = `ns[${namespace}]-policy[${name}]-rule[${index}]`;
      result[key] = rulePolicy(rule);
      origins[key] = origin(policy, ['spec', 'rules', index]);
    }
  }
  return result;
}

const MATCHES_NOTHING: JsonObject = {
  permissions: [{ notRule: { any: true } }],
  principals: [{ notId: { any: true } }],
};

/** Within a rule: one of `to` and one of `from`, and every `when`. */
function rulePolicy(rule: AuthorizationRule): JsonObject {
  const conditions = rule.when ?? [];
  const wherever = conditions.filter((when) => isAboutRequest(when)).map(conditionPermission);
  const whoever = conditions.filter((when) => !isAboutRequest(when)).map(conditionPrincipal);
  const permissions = (rule.to ?? [{ operation: {} }]).map(({ operation }) =>
    all('andRules', [...operationRules(operation), ...wherever]),
  );
  const principals = (rule.from ?? [{ source: {} }]).map(({ source }) =>
    all('andIds', [...sourceIds(source), ...whoever]),
  );
  return { permissions, principals };
}

function all(key: 'andRules' | 'andIds', items: readonly Json[]): JsonObject {
  const list: readonly Json[] = items.length === 0 ? [{ any: true }] : items;
  return key === 'andRules' ? { andRules: { rules: list } } : { andIds: { ids: list } };
}

function operationRules(operation: AuthorizationOperation): readonly JsonObject[] {
  const port = (value: string): JsonObject => ({ destinationPort: Number(value) });
  const method = (value: string): JsonObject => headerRule(':method', value);
  return [
    ...permission(operation.hosts?.flatMap(hostRules), operation.notHosts?.flatMap(hostRules)),
    ...permission(operation.methods?.map(method), operation.notMethods?.map(method)),
    ...permission(operation.paths?.map(pathRule), operation.notPaths?.map(pathRule)),
    ...permission(operation.ports?.map(port), operation.notPorts?.map(port)),
  ];
}

function permission(
  values: readonly JsonObject[] | undefined,
  notValues: readonly JsonObject[] | undefined,
): readonly JsonObject[] {
  return [
    ...(values === undefined ? [] : [anyOf('orRules', values)]),
    ...(notValues === undefined ? [] : [{ notRule: anyOf('orRules', notValues) }]),
  ];
}

function sourceIds(source: AuthorizationSource): readonly JsonObject[] {
  const direct = (block: string): JsonObject => ({ directRemoteIp: cidr(block) });
  const remote = (block: string): JsonObject => ({ remoteIp: cidr(block) });
  return [
    ...principal(source.ipBlocks?.map(direct), source.notIpBlocks?.map(direct)),
    ...principal(source.remoteIpBlocks?.map(remote), source.notRemoteIpBlocks?.map(remote)),
  ];
}

function principal(
  values: readonly JsonObject[] | undefined,
  notValues: readonly JsonObject[] | undefined,
): readonly JsonObject[] {
  return [
    ...(values === undefined ? [] : [anyOf('orIds', values)]),
    ...(notValues === undefined ? [] : [{ notId: anyOf('orIds', notValues) }]),
  ];
}

function isAboutRequest(when: AuthorizationCondition): boolean {
  return when.key.startsWith('destination.');
}

function conditionPermission(when: AuthorizationCondition): JsonObject {
  const rule = (value: string): JsonObject =>
    when.key === 'destination.port'
      ? { destinationPort: Number(value) }
      : { destinationIp: cidr(value) };
  const rules = permission(when.values?.map(rule), when.notValues?.map(rule));
  return all('andRules', rules);
}

function conditionPrincipal(when: AuthorizationCondition): JsonObject {
  const header = /^request\.headers\[([^\]]+)\]$/.exec(when.key)?.[1];
  const id = (value: string): JsonObject => {
    if (header !== undefined) return headerRule(header.toLowerCase(), value);
    return when.key === 'source.ip' ? { directRemoteIp: cidr(value) } : { remoteIp: cidr(value) };
  };
  return all('andIds', principal(when.values?.map(id), when.notValues?.map(id)));
}
