import type { TypedObject } from '../api/object.ts';
import { exportedTo, fullHost, hostCovers, selects } from './hosts.ts';
import type { MeshService } from './mesh.ts';
import type { MeshSettings } from './settings.ts';

/** The workload that asks: where it lives and what it is called by. */
export interface Client {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** What a sidecar may see of the mesh. */
export interface SidecarScope {
  readonly sidecar: TypedObject<'Sidecar'> | undefined;
  /** Whether a host that is declared in `home` is within the Sidecar's egress hosts. */
  imports(hostname: string, home: string): boolean;
}

/**
 * The Sidecar for a workload: one of its namespace that selects it, else the namespace's without a
 * selector, else the root namespace's without one. `sidecars` are oldest first.
 */
export function findSidecar(
  sidecars: readonly TypedObject<'Sidecar'>[],
  client: Client,
  rootNamespace: string,
): TypedObject<'Sidecar'> | undefined {
  const local = sidecars.filter((item) => item.metadata.namespace === client.namespace);
  return (
    local.find(
      (item) => hasSelector(item) && selects(item.spec.workloadSelector?.labels, client.labels),
    ) ??
    local.find((item) => !hasSelector(item)) ??
    sidecars.find((item) => item.metadata.namespace === rootNamespace && !hasSelector(item))
  );
}

export function hasSelector(sidecar: TypedObject<'Sidecar'>): boolean {
  return Object.keys(sidecar.spec.workloadSelector?.labels ?? {}).length > 0;
}

export function scopeOf(
  sidecar: TypedObject<'Sidecar'> | undefined,
  client: Client,
  settings: MeshSettings,
): SidecarScope {
  const egress = sidecar?.spec.egress ?? [];
  if (egress.length === 0) return { sidecar, imports: () => true };
  const hosts = egress.flatMap((listener) => listener.hosts);
  const parse = (entry: string): { namespace: string; host: string } => {
    const slash = entry.indexOf('/');
    const namespace = entry.slice(0, slash);
    return {
      namespace: namespace === '.' ? client.namespace : namespace,
      host: fullHost(entry.slice(slash + 1), client.namespace, settings.domain),
    };
  };
  const included = hosts.filter((entry) => !/^~[^/]/.test(entry)).map(parse);
  const excluded = hosts
    .filter((entry) => /^~[^/]/.test(entry))
    .map((entry) => parse(entry.slice(1)));
  const covers = (
    entry: { namespace: string; host: string },
    hostname: string,
    home: string,
  ): boolean =>
    (entry.namespace === '*' || entry.namespace === home) && hostCovers(entry.host, hostname);
  return {
    sidecar,
    imports: (hostname, home) =>
      included.some((entry) => covers(entry, hostname, home)) &&
      !excluded.some((entry) => covers(entry, hostname, home)),
  };
}

/** Services that a client can reach by name: exported to it, and one per name, its own first. */
export function visibleServices(
  services: readonly MeshService[],
  client: Client,
  scope: SidecarScope | undefined,
): readonly MeshService[] {
  const byHost = new Map<string, MeshService>();
  for (const service of services) {
    const home = service.namespace;
    if (home !== client.namespace && !exportedTo(service.exportTo, home, client.namespace))
      continue;
    if (service.exportTo.includes('~')) continue;
    if (scope !== undefined && !scope.imports(service.hostname, home)) continue;
    const earlier = byHost.get(service.hostname);
    if (
      earlier === undefined ||
      (earlier.namespace !== client.namespace && home === client.namespace)
    ) {
      byHost.set(service.hostname, service);
    }
  }
  return [...byHost.values()];
}
