import type { TypedObject } from '../api/object.ts';
import { selects } from './hosts.ts';
import type { MeshEndpoint, MeshPort, MeshService } from './mesh.ts';
import { protocolOf } from './ports.ts';
import type { MeshSettings } from './settings.ts';
import { type Workload, workloadOfEntry } from './workloads.ts';

/** One service for each host of a ServiceEntry. */
export function servicesOfEntry(
  object: TypedObject<'ServiceEntry'>,
  workloads: readonly Workload[],
  settings: MeshSettings,
): readonly MeshService[] {
  const { metadata, spec } = object;
  const ports = (spec.ports ?? []).map(
    (port): MeshPort => ({
      number: port.number,
      name: port.name,
      protocol: protocolOf(port),
      targetPort: port.targetPort,
    }),
  );
  const dns = spec.resolution === 'DNS' || spec.resolution === 'DNS_ROUND_ROBIN';
  return spec.hosts.map((host): MeshService => {
    const hostname = host.toLowerCase();
    return {
      hostname,
      name: hostname,
      namespace: metadata.namespace,
      ports,
      resolution: dns ? (spec.resolution === 'DNS' ? 'dns' : 'dns-round-robin') : 'eds',
      external: spec.location !== 'MESH_INTERNAL',
      addresses: (spec.addresses ?? []).filter((address) => !address.includes('/')),
      exportTo: spec.exportTo ?? settings.defaultServiceExportTo,
      selector: spec.workloadSelector?.labels ?? {},
      endpoints: endpointsOf(object, { hostname, ports, dns, workloads }),
      object,
    };
  });
}

interface EntryHost {
  readonly hostname: string;
  readonly ports: readonly MeshPort[];
  readonly dns: boolean;
  readonly workloads: readonly Workload[];
}

/** Listed endpoints, else selected workloads, else (with DNS) the host's own name. */
function endpointsOf(
  object: TypedObject<'ServiceEntry'>,
  host: EntryHost,
): readonly MeshEndpoint[] {
  const { metadata, spec } = object;
  if (spec.workloadSelector !== undefined) {
    const { labels } = spec.workloadSelector;
    return host.workloads
      .filter((item) => item.namespace === metadata.namespace && selects(labels, item.labels))
      .map((workload) => endpointAt(workload, host.ports));
  }
  const listed = (spec.endpoints ?? []).map((endpoint) => {
    const workload = workloadOfEntry(endpoint, { ...metadata, labels: {} });
    const address = workload.address === '' ? host.hostname : workload.address;
    return endpointAt({ ...workload, address }, host.ports);
  });
  if (listed.length > 0 || !host.dns) return listed;
  const self = { address: host.hostname, labels: metadata.labels };
  return [endpointAt(workloadOfEntry(self, metadata), host.ports)];
}

function endpointAt(workload: Workload, ports: readonly MeshPort[]): MeshEndpoint {
  const numbers = ports.map((port): [string, number] => {
    const target = typeof port.targetPort === 'number' ? port.targetPort : port.number;
    return [port.name, workload.ports.get(port.name) ?? target];
  });
  return {
    address: workload.address,
    ports: new Map(numbers),
    labels: workload.labels,
    namespace: workload.namespace,
    workload: workload.name,
    serviceAccount: workload.serviceAccount,
    locality: workload.locality,
    weight: workload.weight,
    healthy: true,
  };
}
