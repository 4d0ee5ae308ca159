import type * as z from 'zod';
import { authorizationPolicy } from './authorization-policy.ts';
import { destinationRule } from './destination-rule.ts';
import { endpoints } from './endpoints.ts';
import { gateway } from './gateway.ts';
import { meshConfig } from './mesh-config.ts';
import type { Kind } from './object.ts';
import { pod } from './pod.ts';
import { proxyConfig } from './proxy-config.ts';
import { secret } from './secret.ts';
import { service } from './service.ts';
import { serviceEntry } from './service-entry.ts';
import { sidecar } from './sidecar.ts';
import { trafficExtension } from './traffic-extension.ts';
import { virtualService } from './virtual-service.ts';
import { wasmPlugin } from './wasm-plugin.ts';
import { workloadEntry } from './workload-entry.ts';

/** How one kind is written and read. */
export interface KindDefinition {
  readonly kind: Kind;
  /** Empty for Kubernetes' core group. */
  readonly group: string;
  readonly versions: readonly string[];
  /** Where its fields stand: under `spec`, or at the top beside `metadata`. */
  readonly body: 'spec' | 'top';
  readonly schema: z.ZodType;
  readonly plural: string;
}

const NETWORKING = 'networking.istio.io';
const SECURITY = 'security.istio.io';
const EXTENSIONS = 'extensions.istio.io';
const NETWORKING_VERSIONS = ['v1', 'v1beta1', 'v1alpha3'];

function define(
  kind: Kind,
  apiVersions: { readonly group: string; readonly versions: readonly string[] },
  schema: z.ZodType,
  body: 'spec' | 'top' = 'spec',
): KindDefinition {
  const lower = kind.toLowerCase();
  const plural = /[^aeiou]y$/.test(lower)
    ? `${lower.slice(0, -1)}ies`
    : lower.endsWith('s')
      ? lower
      : `${lower}s`;
  return { kind, ...apiVersions, schema, body, plural };
}

const networking = { group: NETWORKING, versions: NETWORKING_VERSIONS };
const core = { group: '', versions: ['v1'] };

/** Every kind that has an effect. `MeshConfig` is Lateen's way to write Istio's in a file. */
export const KINDS: Readonly<Record<Kind, KindDefinition>> = {
  AuthorizationPolicy: define(
    'AuthorizationPolicy',
    { group: SECURITY, versions: ['v1', 'v1beta1'] },
    authorizationPolicy,
  ),
  DestinationRule: define('DestinationRule', networking, destinationRule),
  Endpoints: define('Endpoints', core, endpoints, 'top'),
  Gateway: define('Gateway', networking, gateway),
  MeshConfig: define('MeshConfig', { group: 'mesh.istio.io', versions: ['v1alpha1'] }, meshConfig),
  Pod: define('Pod', core, pod, 'top'),
  ProxyConfig: define('ProxyConfig', { group: NETWORKING, versions: ['v1beta1'] }, proxyConfig),
  Secret: define('Secret', core, secret, 'top'),
  Service: define('Service', core, service),
  ServiceEntry: define('ServiceEntry', networking, serviceEntry),
  Sidecar: define('Sidecar', networking, sidecar),
  TrafficExtension: define(
    'TrafficExtension',
    { group: EXTENSIONS, versions: ['v1alpha1'] },
    trafficExtension,
  ),
  VirtualService: define('VirtualService', networking, virtualService),
  WasmPlugin: define('WasmPlugin', { group: EXTENSIONS, versions: ['v1alpha1'] }, wasmPlugin),
  WorkloadEntry: define('WorkloadEntry', networking, workloadEntry),
};

/** Istio's and the Gateway API's kinds that Lateen does not act on yet: they are refused by name. */
const NOT_YET: Readonly<Record<string, readonly string[]>> = {
  [NETWORKING]: ['EnvoyFilter', 'WorkloadGroup'],
  [SECURITY]: ['PeerAuthentication', 'RequestAuthentication'],
  'telemetry.istio.io': ['Telemetry'],
  'gateway.networking.k8s.io': [
    'GatewayClass',
    'Gateway',
    'HTTPRoute',
    'GRPCRoute',
    'TLSRoute',
    'TCPRoute',
    'ReferenceGrant',
    'BackendTLSPolicy',
    'ListenerSet',
  ],
};

/** What stands beside a mesh's resources in most directories and is none of our business. */
const CORE_IGNORED = [
  'ConfigMap',
  'Event',
  'LimitRange',
  'Namespace',
  'Node',
  'PersistentVolume',
  'PersistentVolumeClaim',
  'PodTemplate',
  'ReplicationController',
  'ResourceQuota',
  'ServiceAccount',
];
const GROUPS_IGNORED = new Set([
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'apiregistration.k8s.io',
  'apps',
  'autoscaling',
  'batch',
  'coordination.k8s.io',
  'discovery.k8s.io',
  'events.k8s.io',
  'install.istio.io',
  'kustomize.config.k8s.io',
  'networking.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'scheduling.k8s.io',
  'storage.k8s.io',
]);

/** What is to be done with an object, judged by its `apiVersion` and `kind` alone. */
export type KindVerdict =
  | { readonly is: 'known'; readonly definition: KindDefinition }
  | { readonly is: 'not yet' }
  | { readonly is: 'ignored' }
  | { readonly is: 'foreign' }
  | { readonly is: 'unknown version'; readonly served: readonly string[] }
  | { readonly is: 'unknown kind'; readonly kinds: readonly string[] };

export function judgeKind(apiVersion: string, kind: string): KindVerdict {
  const slash = apiVersion.lastIndexOf('/');
  const group = slash < 0 ? '' : apiVersion.slice(0, slash);
  const version = apiVersion.slice(slash + 1);
  const definition = Object.values(KINDS).find(
    (item) => item.kind === kind && item.group === group,
  );
  if (definition !== undefined) {
    if (definition.versions.includes(version)) return { is: 'known', definition };
    const served = definition.versions.map((name) => (group === '' ? name : `${group}/${name}`));
    return { is: 'unknown version', served };
  }
  if (NOT_YET[group]?.includes(kind)) return { is: 'not yet' };
  if (GROUPS_IGNORED.has(group)) return { is: 'ignored' };
  if (group === '' && CORE_IGNORED.includes(kind)) return { is: 'ignored' };
  if (ourGroup(group)) return { is: 'unknown kind', kinds: kindsOf(group) };
  return { is: 'foreign' };
}

function ourGroup(group: string): boolean {
  return group === '' || group === 'gateway.networking.k8s.io' || /(^|\.)istio\.io$/.test(group);
}

function kindsOf(group: string): readonly string[] {
  const known = Object.values(KINDS).filter((item) => item.group === group);
  const kinds = known.map((item) => item.kind as string);
  kinds.push(...(NOT_YET[group] ?? []), ...(group === '' ? CORE_IGNORED : []));
  return kinds.length > 0 ? kinds : Object.keys(KINDS);
}
