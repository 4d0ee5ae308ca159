import type { Protocol } from './mesh.ts';

const BY_PREFIX: Readonly<Record<string, Protocol>> = {
  http: 'http',
  http2: 'http2',
  h2c: 'http2',
  grpc: 'grpc',
  'grpc-web': 'http',
  https: 'tls',
  tls: 'tls',
  tcp: 'tcp',
  mongo: 'tcp',
  mysql: 'tcp',
  redis: 'tcp',
  udp: 'udp',
  ws: 'http',
};

/**
 * The protocol of a service port as Istio reads it: `appProtocol` (also `kubernetes.io/h2c`), a
 * protocol given by name, or the port name's part before the first `-`. `auto` where all are silent.
 */
export function protocolOf(port: {
  readonly name?: string | undefined;
  readonly protocol?: string | undefined;
  readonly appProtocol?: string | undefined;
}): Protocol {
  const declared = port.appProtocol ?? (isTransport(port.protocol) ? undefined : port.protocol);
  if (declared !== undefined && declared !== '') {
    return BY_PREFIX[declared.toLowerCase().replace(/^kubernetes\.io\//, '')] ?? 'tcp';
  }
  if (port.protocol === 'UDP') return 'udp';
  if (port.protocol === 'SCTP') return 'tcp';
  const name = port.name?.toLowerCase() ?? '';
  if (name.startsWith('grpc-web')) return 'http';
  return BY_PREFIX[name.split('-')[0] ?? ''] ?? 'auto';
}

/** Kubernetes' `protocol` names a transport and says nothing about what it carries. */
function isTransport(protocol: string | undefined): boolean {
  return protocol === 'TCP' || protocol === 'UDP' || protocol === 'SCTP';
}
