import fc from 'fast-check';
import { expect, test } from 'vitest';
import { classifyAddress, mayFollow } from './address-guard.ts';

test.each([
  ['93.184.216.34', 'public'],
  ['2606:4700::1111', 'public'],
  ['127.0.0.1', 'loopback'],
  ['127.9.9.9', 'loopback'],
  ['::1', 'loopback'],
  ['::ffff:127.0.0.1', 'loopback'],
  ['0:0:0:0:0:ffff:7f00:1', 'loopback'],
  ['10.1.2.3', 'private'],
  ['192.168.0.1', 'private'],
  ['172.31.255.255', 'private'],
  ['fd12::1', 'private'],
  ['64:ff9b::a00:1', 'private'],
  ['169.254.169.254', 'never'],
  ['::ffff:169.254.169.254', 'never'],
  ['fe80::1%eth0', 'never'],
  ['fd00:ec2::254', 'never'],
  ['0.0.0.0', 'never'],
  ['::', 'never'],
  ['255.255.255.255', 'never'],
  ['not an address', 'never'],
])('%s is %s', (address, expected) => {
  expect(classifyAddress(address)).toBe(expected);
});

test('an IPv4 address inside IPv6 is judged as the IPv4 address', () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      expect(classifyAddress(`::ffff:${address}`)).toBe(classifyAddress(address));
    }),
  );
});

test('a redirect never leads from the public network inwards, nor anything to a metadata service', () => {
  expect(mayFollow('public', 'loopback')).toBe(false);
  expect(mayFollow('public', 'private')).toBe(false);
  expect(mayFollow('private', 'loopback')).toBe(false);
  expect(mayFollow('private', 'private')).toBe(true);
  expect(mayFollow('loopback', 'loopback')).toBe(true);
  expect(mayFollow(undefined, 'loopback')).toBe(true);
  expect(mayFollow(undefined, 'never')).toBe(false);
});
