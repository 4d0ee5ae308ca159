import { isIPv4, isIPv6 } from 'node:net';

/** An IP address as bytes: 4 or 16. An IPv4 address inside IPv6 (`::ffff:1.2.3.4`) is 4. */
export type IpBytes = Uint8Array;

export interface CidrRange {
  readonly ip: IpBytes;
  /** 0..32 or 0..128. */
  readonly prefixLength: number;
}

/** The bytes of an IP literal; null where the text is none. A zone (`%eth0`) is dropped. */
export function parseIp(text: string): IpBytes | null {
  if (isIPv4(text)) return Uint8Array.from(text.split('.'), Number);
  if (!isIPv6(text)) return null;
  return unmapped(parseIpv6(text));
}

/** The usual spelling of an address that Node reports: mapped IPv4 as IPv4, no zone. */
export function plainIp(text: string): string {
  if (text.startsWith('::ffff:') && isIPv4(text.slice(7))) return text.slice(7);
  const zone = text.indexOf('%');
  return zone === -1 ? text : text.slice(0, zone);
}

/** `10.0.0.1:80` or `[::1]:80`. */
export function formatAddress(ip: string, port: number): string {
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
}

/** The range with the bits behind the prefix cleared; null where either part is no good. */
export function parseCidr(address: string, prefixLength: number): CidrRange | null {
  const ip = parseIp(address);
  if (ip === null || !Number.isInteger(prefixLength)) return null;
  if (prefixLength < 0 || prefixLength > ip.length * 8) return null;
  return { ip: masked(ip, prefixLength), prefixLength };
}

/** Whether the address lies in the range; never across address families. */
export function inRange(ip: IpBytes, range: CidrRange): boolean {
  if (ip.length !== range.ip.length) return false;
  const whole = range.prefixLength >> 3;
  for (let i = 0; i < whole; i++) if (ip[i] !== range.ip[i]) return false;
  const rest = range.prefixLength & 7;
  if (rest === 0) return true;
  const mask = (0xff00 >> rest) & 0xff;
  return (ip[whole] & mask) === range.ip[whole];
}

export function sameIp(a: IpBytes, b: IpBytes): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

export function isLoopback(ip: IpBytes): boolean {
  if (ip.length === 4) return ip[0] === 127;
  return ip[15] === 1 && ip.subarray(0, 15).every((byte) => byte === 0);
}

function masked(ip: IpBytes, prefixLength: number): IpBytes {
  return ip.map((byte, index) => {
    const bits = Math.min(8, Math.max(0, prefixLength - index * 8));
    return byte & ((0xff00 >> bits) & 0xff);
  });
}

function parseIpv6(text: string): IpBytes {
  const [head, tail] = text.split('%')[0].split('::');
  const front = groups(head);
  const back = tail === undefined ? [] : groups(tail);
  const bytes = new Uint8Array(16);
  bytes.set(front, 0);
  bytes.set(back, 16 - back.length);
  return bytes;
}

/** Bytes of `a:b:1.2.3.4`-like text; the whole is known to be valid. */
function groups(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

function unmapped(ip: IpBytes): IpBytes {
  for (let i = 0; i < 10; i++) if (ip[i] !== 0) return ip;
  return ip[10] === 0xff && ip[11] === 0xff ? ip.slice(12) : ip;
}
