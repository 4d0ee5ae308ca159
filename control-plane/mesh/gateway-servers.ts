import type { GatewayServer } from '../api/gateway.ts';

/** A Gateway's `namespace/host`; without a namespace, any namespace may bind. */
export function serverHost(
  entry: string,
  gatewayNamespace: string,
): { readonly namespace: string; readonly host: string } {
  const slash = entry.indexOf('/');
  if (slash < 0) return { namespace: '*', host: entry.toLowerCase() };
  const namespace = entry.slice(0, slash);
  return {
    namespace: namespace === '.' ? gatewayNamespace : namespace,
    host: entry.slice(slash + 1).toLowerCase(),
  };
}

/** Whether a server carries plain HTTP, the one protocol that gateways speak so far. */
export function isPlainHttp(server: GatewayServer): boolean {
  const protocol = server.port.protocol.toUpperCase();
  const plain = protocol === 'HTTP' || protocol === 'HTTP2' || protocol === 'GRPC-WEB';
  return plain && (server.tls === undefined || !hasTls(server.tls));
}

function hasTls(tls: NonNullable<GatewayServer['tls']>): boolean {
  return tls.mode !== undefined || tls.credentialName !== undefined;
}
