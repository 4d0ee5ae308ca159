import { BlockList, isIP } from 'node:net';

/**
 * Where a module may be fetched from. The URL itself was written by someone who may configure the
 * mesh, so it may name this machine or the private network (a registry next door is normal, and on
 * a laptop everything is 127.0.0.1). A *redirect* was written by whoever runs the other server:
 * it may not lead from a public address to a private one or to this machine. Link-local
 * addresses (cloud metadata), unspecified and multicast ones are never asked.
 */
export type AddressClass = 'public' | 'private' | 'loopback' | 'never';

const never = new BlockList();
never.addSubnet('0.0.0.0', 8);
never.addSubnet('169.254.0.0', 16);
never.addSubnet('224.0.0.0', 3);
never.addAddress('::', 'ipv6');
never.addSubnet('fe80::', 10, 'ipv6');
never.addSubnet('ff00::', 8, 'ipv6');
never.addAddress('fd00:ec2::254', 'ipv6');

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8);
loopback.addAddress('::1', 'ipv6');

const inside = new BlockList();
inside.addSubnet('10.0.0.0', 8);
inside.addSubnet('100.64.0.0', 10);
inside.addSubnet('172.16.0.0', 12);
inside.addSubnet('192.168.0.0', 16);
inside.addSubnet('fc00::', 7, 'ipv6');

/** IPv4 inside IPv6 (`::ffff:127.0.0.1`, NAT64) counts as what it stands for. */
export function classifyAddress(address: string): AddressClass {
  const plain = embeddedIpv4(address) ?? address;
  const version = isIP(plain);
  if (version === 0) return 'never';
  const family = version === 4 ? 'ipv4' : 'ipv6';
  if (never.check(plain, family)) return 'never';
  if (loopback.check(plain, family)) return 'loopback';
  return inside.check(plain, family) ? 'private' : 'public';
}

/** May a request go to `next`, when the one before it (if any) went to `previous`? */
export function mayFollow(previous: AddressClass | undefined, next: AddressClass): boolean {
  if (next === 'never') return false;
  if (previous === undefined || next === 'public') return true;
  if (previous === 'public') return false;
  return previous === 'loopback' || next === 'private';
}

function embeddedIpv4(address: string): string | undefined {
  if (isIP(address) !== 6) return undefined;
  const groups = expand(address);
  const prefix = groups.slice(0, 6).map((group) => group.toString(16));
  const mapped = prefix.join(':') === '0:0:0:0:0:ffff';
  const nat64 = prefix.join(':') === '64:ff9b:0:0:0:0';
  if (!mapped && !nat64) return undefined;
  const [high, low] = [groups[6] ?? 0, groups[7] ?? 0];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/** The eight groups of an IPv6 address that `isIP` accepted. */
function expand(address: string): readonly number[] {
  const text = (address.split('%')[0] ?? '').replace(/\d+\.\d+\.\d+\.\d+$/, (ipv4) => {
    const [a = 0, b = 0, c = 0, d = 0] = ipv4.split('.').map(Number);
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
  const [left = '', right] = text.split('::');
  const groups = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  if (right === undefined) return groups(left);
  const zeros = 8 - groups(left).length - groups(right).length;
  return [...groups(left), ...Array<number>(zeros).fill(0), ...groups(right)];
}
