import type { Problem } from '@lateen/sdk/base/problem';
import { finding } from './finding.ts';
import { selects } from './hosts.ts';
import type { Mesh, MeshPort, MeshService } from './mesh.ts';

/** Ports that carry what proxies cannot pass on yet. */
export function analyzeServices(mesh: Mesh): readonly Problem[] {
  const gateways = mesh.of('Gateway').map(({ spec }) => spec.selector ?? {});
  return mesh.services.flatMap((service) => {
    // A gateway's own Service leads into the mesh, not out of a proxy.
    if (gateways.some((selector) => selects(selector, service.selector))) return [];
    return service.ports.flatMap((port, index) => unsupported(service, port, index));
  });
}

function unsupported(service: MeshService, port: MeshPort, index: number): readonly Problem[] {
  const { protocol, number } = port;
  if (protocol === 'http' || protocol === 'auto') return [];
  const http = protocol === 'http2' || protocol === 'grpc';
  return [
    finding(service.object, ['spec', 'ports', index], {
      level: http ? 'warning' : 'info',
      code: 'LAT0103',
      message: `port ${number} carries ${protocol}, which proxies do not pass on yet; no route leads to it`,
    }),
  ];
}
