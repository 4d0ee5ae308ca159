/** `outbound|9080|v1|reviews.default.svc.cluster.local`, Istio's name of a cluster. */
export function outboundCluster(port: number, subset: string, hostname: string): string {
  return `outbound|${port}|${subset}|${hostname}`;
}

export function inboundCluster(port: number): string {
  return `inbound|${port}||`;
}

export const BLACK_HOLE = 'BlackHoleCluster';
export const HTTP_PROXY_ROUTE = 'http_proxy';

/** `0.0.0.0_8080`. */
export function listenerName(address: string, port: number): string {
  return `${address}_${port}`;
}
