import { connect, type OnReadOpts, type Socket } from 'node:net';
import { formatAddress, plainIp } from '../net/ip.ts';
import type { ClusterConfig } from './cluster-config.ts';

export interface ConnectTarget {
  readonly host: string;
  readonly port: number;
}

/** A socket on its way to the target, set up as the cluster wants it. */
export function connectTo(
  target: ConnectTarget,
  { keepAliveMs }: ClusterConfig,
  reading: { readonly onread?: OnReadOpts } = {},
): Socket {
  return connect({
    host: target.host,
    port: target.port,
    noDelay: true,
    keepAlive: keepAliveMs !== null,
    keepAliveInitialDelay: keepAliveMs ?? 0,
    ...reading,
  });
}

/** Our end of a connected socket, `10.0.0.1:1234`. */
export function localAddressOf({ localAddress, localPort }: Socket): string {
  return formatAddress(plainIp(localAddress ?? ''), localPort ?? 0);
}
