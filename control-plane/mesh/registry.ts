import type { Problem } from '@lateen/sdk/base/problem';
import type { EndpointAddress } from '../api/endpoints.ts';
import { type ConfigObject, originOf, type TypedObject } from '../api/object.ts';
import { selects } from './hosts.ts';
import type { MeshEndpoint, MeshPort, MeshService } from './mesh.ts';
import { protocolOf } from './ports.ts';
import { servicesOfEntry } from './service-entries.ts';
import type { MeshSettings } from './settings.ts';
import { type Workload, workloadOfEntry, workloadOfPod } from './workloads.ts';

/** What the registry is made of, each list oldest first. */
export interface RegistryInput {
  readonly settings: MeshSettings;
  readonly services: readonly TypedObject<'Service'>[];
  readonly endpoints: readonly TypedObject<'Endpoints'>[];
  readonly pods: readonly TypedObject<'Pod'>[];
  readonly serviceEntries: readonly TypedObject<'ServiceEntry'>[];
  readonly workloadEntries: readonly TypedObject<'WorkloadEntry'>[];
}

/** Every service of the mesh with its endpoints, whoever declared them. */
export function buildRegistry(input: RegistryInput, problems: Problem[]): readonly MeshService[] {
  const workloads = [
    ...input.workloadEntries.map((entry) => workloadOfEntry(entry.spec, entry.metadata)),
    ...input.pods.map(workloadOfPod),
  ].filter((workload) => workload.address !== '');
  const endpoints = new Map(input.endpoints.map((item) => [keyOf(item), item]));
  const pods = new Map(input.pods.map((item) => [keyOf(item), workloadOfPod(item)]));
  const services: MeshService[] = input.services.map((service) =>
    kubernetesService(service, {
      settings: input.settings,
      listed: endpoints.get(keyOf(service)),
      pods,
      workloads,
    }),
  );
  for (const entry of input.serviceEntries) {
    for (const service of servicesOfEntry(entry, workloads, input.settings)) {
      addEntry(services, service, problems);
    }
  }
  return services;
}

interface ServiceContext {
  readonly settings: MeshSettings;
  readonly listed: TypedObject<'Endpoints'> | undefined;
  readonly pods: ReadonlyMap<string, Workload>;
  readonly workloads: readonly Workload[];
}

function kubernetesService(object: TypedObject<'Service'>, context: ServiceContext): MeshService {
  const { metadata, spec } = object;
  const { name, namespace } = metadata;
  const exportTo = metadata.annotations['networking.istio.io/exportTo'];
  const ports = (spec.ports ?? []).map(
    (port): MeshPort => ({
      number: port.port,
      name: port.name ?? '',
      protocol: protocolOf(port),
      targetPort: port.targetPort,
    }),
  );
  const addresses = spec.clusterIPs ?? (spec.clusterIP === undefined ? [] : [spec.clusterIP]);
  const external = spec.type === 'ExternalName';
  return {
    hostname: `${name}.${namespace}.svc.${context.settings.domain}`,
    name,
    namespace,
    ports,
    resolution: external ? 'dns' : 'eds',
    external,
    addresses: addresses.filter((address) => address !== '' && address !== 'None'),
    exportTo:
      exportTo?.split(',').map((item) => item.trim()) ?? context.settings.defaultServiceExportTo,
    selector: spec.selector ?? {},
    endpoints: external
      ? externalName(spec.externalName ?? '', ports, namespace)
      : endpointsOf(object, ports, context),
    object,
  };
}

function externalName(
  address: string,
  ports: readonly MeshPort[],
  namespace: string,
): readonly MeshEndpoint[] {
  if (address === '') return [];
  const numbers = new Map(ports.map((port) => [port.name, port.number]));
  return [{ ...endpointOf({ address, namespace }), ports: numbers }];
}

/** Listed Endpoints win; without them, workloads that the selector names. */
function endpointsOf(
  object: TypedObject<'Service'>,
  ports: readonly MeshPort[],
  context: ServiceContext,
): readonly MeshEndpoint[] {
  const { namespace } = object.metadata;
  if (context.listed !== undefined) return listedEndpoints(context.listed, ports, context.pods);
  const { selector } = object.spec;
  if (selector === undefined || Object.keys(selector).length === 0) return [];
  return context.workloads
    .filter((workload) => workload.namespace === namespace && selects(selector, workload.labels))
    .map((workload) => ({ ...endpointOf(workload), ports: portsAt(workload, ports) }));
}

/** Where a workload serves the ports of a service. */
export function portsAt(
  workload: Workload,
  ports: readonly MeshPort[],
): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const port of ports) {
    const target = port.targetPort ?? port.number;
    const number =
      workload.ports.get(port.name) ??
      (typeof target === 'number' ? target : workload.ports.get(target));
    if (number !== undefined) found.set(port.name, number);
  }
  return found;
}

function listedEndpoints(
  object: TypedObject<'Endpoints'>,
  ports: readonly MeshPort[],
  pods: ReadonlyMap<string, Workload>,
): readonly MeshEndpoint[] {
  const { namespace } = object.metadata;
  const single = ports.length === 1 ? ports[0]?.name : undefined;
  return (object.spec.subsets ?? []).flatMap((subset) => {
    const numbers = new Map(
      (subset.ports ?? []).map((port) => [port.name ?? single ?? '', port.port]),
    );
    const endpoint = (address: EndpointAddress, healthy: boolean): MeshEndpoint => ({
      ...endpointOf(describe(address, namespace, pods)),
      ports: numbers,
      healthy,
    });
    return [
      ...(subset.addresses ?? []).map((address) => endpoint(address, true)),
      ...(subset.notReadyAddresses ?? []).map((address) => endpoint(address, false)),
    ];
  });
}

/** An address of Endpoints is as much as the Pod it points to says about itself. */
function describe(
  address: EndpointAddress,
  namespace: string,
  pods: ReadonlyMap<string, Workload>,
): Partial<Workload> & { address: string; namespace: string } {
  const { targetRef } = address;
  const home = targetRef?.namespace ?? namespace;
  const pod = targetRef?.name === undefined ? undefined : pods.get(`${home}/${targetRef.name}`);
  const name = targetRef?.name ?? address.hostname;
  if (pod !== undefined) return { ...pod, address: address.ip };
  return { address: address.ip, namespace: home, ...(name === undefined ? {} : { name }) };
}

export function endpointOf(
  workload: Partial<Workload> & { readonly address: string; readonly namespace: string },
): MeshEndpoint {
  return {
    address: workload.address,
    ports: new Map(),
    labels: workload.labels ?? {},
    namespace: workload.namespace,
    workload: workload.name ?? '',
    serviceAccount: workload.serviceAccount ?? 'default',
    locality: workload.locality ?? '',
    weight: workload.weight ?? 1,
    healthy: true,
  };
}

/**
 * Adds a ServiceEntry's host. Entries for one host in one namespace share their endpoints, as in
 * Istio; a Kubernetes Service of that name keeps the host.
 */
function addEntry(services: MeshService[], service: MeshService, problems: Problem[]): void {
  const index = services.findIndex(
    (item) => item.hostname === service.hostname && item.namespace === service.namespace,
  );
  const earlier = services[index];
  if (earlier === undefined) {
    services.push(service);
    return;
  }
  const same = JSON.stringify(earlier.ports) === JSON.stringify(service.ports);
  if (same && earlier.resolution === service.resolution && earlier.object.kind === 'ServiceEntry') {
    services[index] = { ...earlier, endpoints: [...earlier.endpoints, ...service.endpoints] };
    return;
  }
  problems.push({
    level: 'warning',
    code: 'LAT0201',
    message: `host ${service.hostname} is already declared by ${describeObject(earlier.object)} with other ports or another resolution; that one serves`,
    origin: originOf(service.object, ['spec', 'hosts']),
  });
}

function describeObject(object: ConfigObject): string {
  return `${object.kind} ${object.metadata.namespace}/${object.metadata.name}`;
}

function keyOf(object: ConfigObject): string {
  return `${object.metadata.namespace}/${object.metadata.name}`;
}
