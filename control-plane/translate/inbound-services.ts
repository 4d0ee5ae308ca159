import type { ConfigObject } from '../api/object.ts';
import { selects } from '../mesh/hosts.ts';
import type { Mesh, MeshService } from '../mesh/mesh.ts';
import type { ProxyNode } from './node.ts';
import { carriesHttp } from './outbound-clusters.ts';

/** The services that a workload serves at a port of its own: by address, else by its labels. */
export function servicesAt(node: ProxyNode, mesh: Mesh, port: number): readonly MeshService[] {
  const own = mesh.services.filter((service) => service.namespace === node.namespace);
  const here = own.filter((service) =>
    service.endpoints.some(
      (endpoint) => endpoint.address === node.ip && [...endpoint.ports.values()].includes(port),
    ),
  );
  return here.length > 0 ? here : own.filter((service) => isBehind(service, node));
}

export interface WorkloadPort {
  readonly port: number;
  readonly services: readonly MeshService[];
  /** The service that names the port first. */
  readonly object: ConfigObject;
}

/** The HTTP ports at which a workload is called, as the services that select it say. */
export function workloadPorts(node: ProxyNode, mesh: Mesh): readonly WorkloadPort[] {
  const byPort = new Map<number, MeshService[]>();
  for (const service of mesh.services) {
    if (service.namespace !== node.namespace || !isBehind(service, node)) continue;
    for (const port of service.ports.filter(carriesHttp)) {
      const listed = service.endpoints.find((endpoint) => endpoint.address === node.ip);
      const target = typeof port.targetPort === 'number' ? port.targetPort : port.number;
      const number = listed?.ports.get(port.name) ?? target;
      const list = byPort.get(number);
      if (list === undefined) byPort.set(number, [service]);
      else list.push(service);
    }
  }
  return [...byPort].flatMap(([port, services]) => {
    const [first] = services;
    return first === undefined ? [] : [{ port, services, object: first.object }];
  });
}

function isBehind(service: MeshService, node: ProxyNode): boolean {
  const named = Object.keys(service.selector).length > 0;
  return named && selects(service.selector, node.labels);
}
