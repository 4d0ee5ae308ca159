import type { JsonObject } from '@lateen/sdk/base/json';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { naming, openRbac, permitting, type RbacPlan } from './testing/open-rbac.ts';

type Connection = NonNullable<RbacPlan['connection']>;

async function allowed(filter: JsonObject, connection: Connection): Promise<boolean> {
  return (await openRbac({ filter, connection })).allows();
}

const range = (addressPrefix: string, prefixLen?: number) =>
  prefixLen === undefined ? { addressPrefix } : { addressPrefix, prefixLen };

test.each([
  ['10.0.0.0', 8, '10.1.2.3:5', true],
  ['10.0.0.0', 8, '11.1.2.3:5', false],
  ['10.1.2.3', 32, '10.1.2.3:5', true],
  ['10.1.2.3', 32, '10.1.2.2:5', false],
  ['10.1.2.3', 31, '10.1.2.2:5', true],
  ['10.1.2.3', undefined, '200.1.1.1:5', true],
  ['10.0.0.0', 8, '[::ffff:10.1.2.3]:5', true],
  ['::ffff:10.0.0.0', 104, '10.1.2.3:5', true],
  ['0.0.0.0', 0, '[::1]:5', false],
  ['::', 0, '10.1.2.3:5', false],
  ['fd00::', 8, '[fd12:3456::1]:5', true],
  ['fd00::', 8, '[fe80::1]:5', false],
  ['fe80::1', 128, '[fe80::1%eth0]:5', true],
  ['2001:db8:0:1::', 64, '[2001:db8:0:1:ffff::2]:5', true],
  ['2001:db8:0:1::', 64, '[2001:db8:0:2::]:5', false],
  ['2001:db8::', 65, '[2001:db8::8000:0:0:0]:5', false],
])('%s/%s and a peer at %s: %s', async (prefix, length, remoteAddress, expected) => {
  const id = { directRemoteIp: range(prefix, length) };
  expect(await allowed({ rules: naming('ALLOW', id) }, { remoteAddress })).toBe(expected);
  expect(await allowed({ rules: naming('DENY', id) }, { remoteAddress })).toBe(!expected);
  const old = { sourceIp: range(prefix, length) };
  expect(await allowed({ rules: naming('ALLOW', old) }, { remoteAddress })).toBe(expected);
});

test.each([
  '',
  'unix:/x',
  '10.1.2',
  '010.1.2.3:1',
  '10.1.2.3.4:1',
  '1::2::3',
  '[1:2',
  '1:2:3:4:5:6:7:8:9',
])(
  'an address that is none (%s) is neither given leave nor spared a denial',
  async (remoteAddress) => {
    for (const id of [
      { directRemoteIp: range('10.0.0.0', 8) },
      { notId: { directRemoteIp: range('10.0.0.0', 8) } },
    ]) {
      expect(await allowed({ rules: naming('ALLOW', id) }, { remoteAddress })).toBe(false);
      expect(await allowed({ rules: naming('DENY', id) }, { remoteAddress })).toBe(false);
    }
  },
);

test('the client is taken from x-forwarded-for as far as that is trusted, the peer never is', async () => {
  const remote = { rules: naming('ALLOW', { remoteIp: range('192.0.2.0', 24) }) };
  const direct = { rules: naming('ALLOW', { directRemoteIp: range('192.0.2.0', 24) }) };
  const headers = [['x-forwarded-for', '192.0.2.7']] as const;
  expect((await openRbac({ filter: remote })).allows({ headers })).toBe(true);
  expect((await openRbac({ filter: direct })).allows({ headers })).toBe(false);
  const edge = { useRemoteAddress: true };
  expect((await openRbac({ filter: remote, hcm: edge })).allows({ headers })).toBe(false);
});

test.each([
  [{}, '9.9.9.9'],
  [{ xffNumTrustedHops: 1 }, '8.8.8.8'],
  [{ xffNumTrustedHops: 7 }, '10.0.0.2'],
  [{ useRemoteAddress: true }, '10.0.0.2'],
  [{ useRemoteAddress: true, xffNumTrustedHops: 1 }, '9.9.9.9'],
  [{ useRemoteAddress: true, xffNumTrustedHops: 2 }, '8.8.8.8'],
])('with %j the client is at %s', async (hcm, address) => {
  const { allows } = await openRbac({
    filter: { rules: naming('ALLOW', { remoteIp: range(address, 32) }) },
    hcm,
  });
  expect(allows({ headers: [['x-forwarded-for', '8.8.8.8, 9.9.9.9']] })).toBe(true);
});

test('destinations are told apart by address, port and range of ports', async () => {
  const connection = { localAddress: '10.0.0.3:8080' };
  for (const [permission, expected] of [
    [{ destinationIp: range('10.0.0.3', 32) }, true],
    [{ destinationIp: range('10.0.0.2', 32) }, false],
    [{ destinationPort: 8080 }, true],
    [{ destinationPort: 80 }, false],
    [{ destinationPortRange: { start: 8000, end: 8081 } }, true],
    [{ destinationPortRange: { start: 8000, end: 8080 } }, false],
  ] as const) {
    expect(await allowed({ rules: permitting('ALLOW', permission) }, connection)).toBe(expected);
    expect(await allowed({ rules: permitting('DENY', permission) }, connection)).toBe(!expected);
  }
});

test('a port that is not known counts against the request', async () => {
  const connection = { localAddress: 'unix:/run/x' };
  for (const action of ['ALLOW', 'DENY']) {
    const rules = permitting(action, { destinationPort: 80 });
    expect(await allowed({ rules }, connection)).toBe(false);
  }
});

test('the server name is empty where the client sent none', async () => {
  const rules = permitting('ALLOW', { requestedServerName: { suffix: '.example.com' } });
  expect(await allowed({ rules }, { requestedServerName: 'a.example.com' })).toBe(true);
  expect(await allowed({ rules }, { requestedServerName: '' })).toBe(false);
  const empty = permitting('DENY', { requestedServerName: { exact: '' } });
  expect(await allowed({ rules: empty }, { requestedServerName: '' })).toBe(false);
});

const PRODUCTPAGE = 'spiffe://cluster.local/ns/default/sa/productpage';
const named = (principalName: object) => ({
  authenticated: { principalName: { ...principalName } },
});
const mtls = (uriSanPeerCertificate: string) => ({ mtls: true, uriSanPeerCertificate });

test.each([
  [named({ exact: PRODUCTPAGE }), mtls(PRODUCTPAGE), true],
  [named({ exact: PRODUCTPAGE }), mtls(`${PRODUCTPAGE}/b`), false],
  [named({ exact: PRODUCTPAGE }), mtls(PRODUCTPAGE.toUpperCase()), false],
  [named({ exact: 'spiffe://a/sa/x.io' }), mtls('spiffe://a/sa/x-io'), false],
  [named({ prefix: 'spiffe://cluster.local/ns/default/' }), mtls(PRODUCTPAGE), true],
  [named({ exact: PRODUCTPAGE }), { mtls: false, uriSanPeerCertificate: PRODUCTPAGE }, false],
  [{ authenticated: {} }, mtls('x'), true],
  [{ authenticated: {} }, { mtls: false, tlsVersion: 'TLSv1.3' }, false],
])('%j and %j: %s', async (id, connection, expected) => {
  expect(await allowed({ rules: naming('ALLOW', id) }, connection)).toBe(expected);
  expect(await allowed({ rules: naming('DENY', id) }, connection)).toBe(!expected);
});

test('a certificate whose name is not known counts against the request', async () => {
  const id = named({ exact: PRODUCTPAGE });
  for (const action of ['ALLOW', 'DENY']) {
    expect(await allowed({ rules: naming(action, id) }, mtls(''))).toBe(false);
  }
});

const v4 = fc.ipV4();
const v6 = fc.ipV6();

test('addresses are in the ranges that arithmetic puts them in', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.tuple(v4, fc.nat(32)), fc.tuple(v6, fc.nat(128))),
      fc.array(fc.oneof(v4, v6), { maxLength: 25 }),
      async ([prefix, length], addresses) => {
        const rules = naming('ALLOW', { remoteIp: range(prefix, length) });
        const { allows } = await openRbac({ filter: { rules } });
        for (const address of [prefix, ...addresses]) {
          const headers = [['x-forwarded-for', address]] as const;
          expect(allows({ headers })).toBe(contains(prefix, length, address));
        }
      },
    ),
    { numRuns: 25 },
  );
});

function contains(prefix: string, length: number, address: string): boolean {
  const [range, tested] = [bits(prefix), bits(address)];
  const isV4 = (value: bigint) => value >> 32n === 0xffffn;
  const family = isV4(range) === isV4(tested);
  const shift = BigInt(isV4(range) ? 32 - length + (prefix.includes(':') ? 96 : 0) : 128 - length);
  return family && range >> shift === tested >> shift;
}

/** By way of the URL parser, which writes IPv6 addresses in one way only. */
function bits(address: string): bigint {
  if (!address.includes(':')) {
    return address.split('.').reduce((sum, part) => (sum << 8n) | BigInt(part), 0xffffn);
  }
  const plain = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [head = '', tail] = plain.split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':'));
  const [first, last] = [groups(head), groups(tail ?? '')];
  const gap = tail === undefined ? 0 : 8 - first.length - last.length;
  const all = [...first, ...Array<string>(gap).fill('0'), ...last];
  return all.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
}
