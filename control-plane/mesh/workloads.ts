import type { JsonObject } from '@lateen/sdk/base/json';
import { isJsonObject } from '@lateen/sdk/base/json';
import type { TypedObject } from '../api/object.ts';
import type { WorkloadEntrySpec } from '../api/workload-entry.ts';

/** Something that runs and has an address: a Pod, or a WorkloadEntry. */
export interface Workload {
  readonly address: string;
  readonly namespace: string;
  /** What owns it, for telemetry: the deployment's name, not the pod's. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly serviceAccount: string;
  readonly locality: string;
  readonly weight: number;
  /** Ports it names itself. */
  readonly ports: ReadonlyMap<string, number>;
}

export function workloadOfEntry(
  spec: WorkloadEntrySpec,
  metadata: {
    readonly namespace: string;
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
  },
): Workload {
  const labels = { ...metadata.labels, ...spec.labels };
  return {
    address: spec.address ?? '',
    namespace: metadata.namespace,
    name: workloadName(labels, metadata.name),
    labels,
    serviceAccount: spec.serviceAccount ?? 'default',
    locality: spec.locality ?? '',
    weight: spec.weight === undefined || spec.weight === 0 ? 1 : spec.weight,
    ports: new Map(Object.entries(spec.ports ?? {})),
  };
}

export function workloadOfPod(pod: TypedObject<'Pod'>): Workload {
  const { spec, status } = pod.spec;
  const ports = new Map<string, number>();
  for (const container of spec?.containers ?? []) {
    for (const port of container.ports ?? []) {
      if (port.name !== undefined) ports.set(port.name, port.containerPort);
    }
  }
  return {
    address: status?.podIP ?? '',
    namespace: pod.metadata.namespace,
    name: workloadName(pod.metadata.labels, ownerName(pod.raw) ?? pod.metadata.name),
    labels: pod.metadata.labels,
    serviceAccount: spec?.serviceAccountName ?? 'default',
    locality: pod.metadata.labels['istio-locality']?.replaceAll('.', '/') ?? '',
    weight: 1,
    ports,
  };
}

/** Istio's canonical service: what dashboards call the workload. */
export function canonicalName(labels: Readonly<Record<string, string>>, workload: string): string {
  return (
    labels['service.istio.io/canonical-name'] ??
    labels['app.kubernetes.io/name'] ??
    labels['app'] ??
    workload
  );
}

export function canonicalRevision(labels: Readonly<Record<string, string>>): string {
  return (
    labels['service.istio.io/canonical-revision'] ??
    labels['app.kubernetes.io/version'] ??
    labels['version'] ??
    'latest'
  );
}

function workloadName(labels: Readonly<Record<string, string>>, fallback: string): string {
  return labels['service.istio.io/workload-name'] ?? fallback;
}

/** A ReplicaSet is called after its Deployment, with a hash behind. */
function ownerName(raw: JsonObject): string | undefined {
  const metadata = raw['metadata'];
  if (!isJsonObject(metadata) || !Array.isArray(metadata['ownerReferences'])) return undefined;
  const owner: unknown = metadata['ownerReferences'][0];
  if (!isJsonObject(owner) || typeof owner['name'] !== 'string') return undefined;
  return owner['kind'] === 'ReplicaSet' ? owner['name'].replace(/-[a-z0-9]+$/, '') : owner['name'];
}
