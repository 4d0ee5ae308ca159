import { readFile } from 'node:fs/promises';
import { inRange, parseCidr, parseIp } from '@lateen/host/net/ip';
import { headerOf } from '@lateen/host/testing/memory-message';
import { TestHost } from '@lateen/host/testing/test-host';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const RBAC = 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC';
const ROUTE_CONFIGURATION = 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration';
const module = (name: string) => readFile(new URL(`../dist/${name}.wasm`, import.meta.url));

/** Whether the module finds the address in the range; a problem where it refuses the range. */
async function matches(addressPrefix: string, prefixLen: number, remoteAddress: string) {
  const host = await TestHost.open({
    modules: [
      { name: 'rbac', bytes: await module('rbac') },
      { name: 'router', bytes: await module('router'), serves: [ROUTE_CONFIGURATION] },
    ],
    filters: [
      {
        name: 'rbac',
        module: 'rbac',
        configuration: {
          '@type': RBAC,
          rules: {
            policies: {
              p: {
                permissions: [{ any: true }],
                principals: [{ directRemoteIp: { addressPrefix, prefixLen } }],
              },
            },
          },
        },
      },
      { name: 'router', module: 'router' },
    ],
    routes: {
      name: 'r',
      virtualHosts: [
        {
          name: 'v',
          domains: ['*'],
          routes: [{ match: { prefix: '/' }, directResponse: { status: 200 } }],
        },
      ],
    },
    connection: { remoteAddress },
  });
  return headerOf(host.request().response, ':status') === '200';
}

const ipv4 = fc.ipV4();
const ipv6 = fc.oneof(
  fc.ipV6(),
  fc.constantFrom(
    '::',
    '::1',
    '1::',
    '::ffff:1.2.3.4',
    'fe80::1',
    '1:2:3:4:5:6:7::',
    '::2:3:4:5:6:7:8',
  ),
);

test('an address lies in a range exactly where the host says so', async () => {
  const near = fc.tuple(fc.oneof(ipv4, ipv6), fc.nat(128)).chain(([address, bits]) => {
    const other = fc.oneof({ weight: 3, arbitrary: fc.constant(address) }, ipv4, ipv6);
    return fc.tuple(fc.constant(address), fc.constant(bits), other);
  });
  await fc.assert(
    fc.asyncProperty(near, async ([prefix, bits, address]) => {
      const whole = (parseIp(prefix)?.length ?? 0) * 8;
      const length = bits % (whole + 1);
      const mapped = whole === 32 && prefix.includes(':');
      const range = parseCidr(prefix, length);
      const ip = parseIp(address);
      const expected = range !== null && ip !== null && inRange(ip, range);
      const text = address.includes(':') ? `[${address}]:1` : `${address}:1`;
      expect(await matches(prefix, mapped ? length + 96 : length, text)).toBe(expected);
    }),
    { numRuns: 150 },
  );
});

test('what the host does not take for an address the module does not either', async () => {
  const text = fc.oneof(
    fc.string({ unit: fc.constantFrom('1', '0', '9', 'f', ':', '.', '::'), maxLength: 20 }),
    fc.tuple(ipv6, fc.nat(40)).map(([address, cut]) => address.slice(0, cut)),
    fc.tuple(ipv6, ipv4).map(([a, b]) => `${a}:${b}`),
  );
  await fc.assert(
    fc.asyncProperty(text, async (address) => {
      const all = address.includes(':') ? '::' : '0.0.0.0';
      const any = await matches(all, 0, address.includes(':') ? `[${address}]:1` : `${address}:1`);
      const ip = parseIp(address);
      const mappedIpv4 = ip?.length === 4 && address.includes(':');
      expect(any).toBe(ip !== null && !mappedIpv4);
    }),
    { numRuns: 150 },
  );
});
