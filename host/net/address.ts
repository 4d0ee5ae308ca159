import { isIP } from 'node:net';
import type { JsonReader } from '@lateen/sdk/base/json-reader';
import { formatAddress } from './ip.ts';

/** `envoy.config.core.v3.Address` of the kind we serve: a TCP socket address. */
export interface SocketAddress {
  /** An IP literal, or a name where names are allowed. */
  readonly host: string;
  readonly port: number;
  /** An IPv6 address that takes IPv4 too. */
  readonly ipv4Compat: boolean;
}

export function addressText(address: SocketAddress): string {
  return formatAddress(address.host, address.port);
}

/** Reads an Address message; null, with a problem, where it is not a TCP socket address. */
export function readAddress(reader: JsonReader, names: 'ip-only' | 'names'): SocketAddress | null {
  const kind = reader.unread().find((name) => name !== 'socketAddress');
  if (kind !== undefined) {
    reader.error(`addresses of this kind are not supported, only socketAddress`, kind);
    return null;
  }
  if (!reader.has('socketAddress')) {
    reader.error('an address is required', 'socketAddress');
    return null;
  }
  return readSocketAddress(reader.object('socketAddress'), names);
}

function readSocketAddress(reader: JsonReader, names: 'ip-only' | 'names'): SocketAddress | null {
  const host = reader.string('address');
  const port = reader.number('portValue');
  const protocol = reader.string('protocol', 'TCP');
  const ipv4Compat = reader.boolean('ipv4Compat');
  const before = reader.unread();
  if (before.length > 0) {
    for (const name of before) reader.error('is not supported', name);
    return null;
  }
  if (protocol !== 'TCP') {
    reader.error(`${protocol} is not supported, only TCP`, 'protocol');
    return null;
  }
  if (host === '' || (names === 'ip-only' && isIP(host) === 0)) {
    reader.error(`"${host}" is not an IP address`, 'address');
    return null;
  }
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    reader.error(`${port} is not a port`, 'portValue');
    return null;
  }
  return { host, port, ipv4Compat };
}
