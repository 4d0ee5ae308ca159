import { isIP } from 'node:net';
import { headerName } from '../http/header-map.ts';
import { formatAddress } from '../net/ip.ts';
import type { HttpStream } from './stream.ts';

const FORWARDED_FOR = headerName('x-forwarded-for');

/**
 * `address:port` of the client as far as it can be trusted: the peer of the connection, or what
 * the proxies in front say, as many of them as the connection manager trusts. As in Envoy: an edge
 * (`use_remote_address`) believes its own eyes first, others the last address of x-forwarded-for;
 * an address from the header has port 0.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers#x-forwarded-for
 */
export function trustedAddress(stream: HttpStream): string {
  const { useRemoteAddress, xffTrustedHops, skipXffAppend } = stream.service.hcm;
  const direct = stream.info.connection.remoteAddress;
  if (useRemoteAddress && xffTrustedHops === 0) return direct;
  const { request } = stream;
  if (request === null || !request.has(FORWARDED_FOR)) return direct;
  // An edge has put the peer's own address behind those that came.
  const skipped = useRemoteAddress && skipXffAppend ? xffTrustedHops - 1 : xffTrustedHops;
  const list = request.getAll(FORWARDED_FOR).join(',').split(',');
  const address = list.at(-1 - skipped)?.trim();
  if (address === undefined || isIP(address) === 0) return direct;
  return formatAddress(address, 0);
}
