import type { Problem } from '@lateen/sdk/base/problem';
import type { GatewayServer } from '../api/gateway.ts';
import type { TypedObject } from '../api/object.ts';
import { finding } from './finding.ts';
import { isPlainHttp } from './gateway-servers.ts';
import type { Mesh } from './mesh.ts';

/** Servers that cannot be opened yet, and hosts that two Gateways of one proxy want. */
export function analyzeGateways(mesh: Mesh): readonly Problem[] {
  const owners = new Map<string, TypedObject<'Gateway'>>();
  return mesh
    .of('Gateway')
    .flatMap((gateway) =>
      (gateway.spec.servers ?? []).flatMap((server, index) => [
        ...unsupported(gateway, server, index),
        ...conflicts(gateway, server, index, owners),
      ]),
    );
}

function unsupported(
  gateway: TypedObject<'Gateway'>,
  server: GatewayServer,
  index: number,
): readonly Problem[] {
  if (isPlainHttp(server)) return [];
  const protocol = server.port.protocol;
  const path = ['spec', 'servers', index, 'port', 'protocol'];
  return [
    finding(gateway, path, {
      level: 'error',
      code: 'LAT0103',
      message: `servers with ${protocol}${server.tls === undefined ? '' : ' and tls'} are not supported yet; this server is not opened`,
    }),
  ];
}

function conflicts(
  gateway: TypedObject<'Gateway'>,
  server: GatewayServer,
  index: number,
  owners: Map<string, TypedObject<'Gateway'>>,
): readonly Problem[] {
  const selector = JSON.stringify(Object.entries(gateway.spec.selector ?? {}).sort());
  return server.hosts.flatMap((host, position) => {
    const key = `${selector} ${server.port.number} ${host}`;
    const owner = owners.get(key);
    if (owner === undefined) owners.set(key, gateway);
    if (owner === undefined || owner === gateway) return [];
    return [
      finding(gateway, ['spec', 'servers', index, 'hosts', position], {
        level: 'warning',
        code: 'IST0145',
        message: `host ${host} on port ${server.port.number} also stands in Gateway ${owner.metadata.namespace}/${owner.metadata.name} for the same proxies`,
      }),
    ];
  });
}
