import { createSocket } from 'node:dgram';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { TemporaryDirectory } from '../../test/kit/temporary-directory.ts';
import type { DnsFamily } from './cluster-config.ts';
import { ADDRESSES_MAX, createResolver, ofFamily } from './dns.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

interface Zone {
  readonly v4?: readonly string[];
  readonly v6?: readonly string[];
  readonly ttl?: number;
}

const TYPE_A = 1;
const TYPE_AAAA = 28;
const NAME_ERROR = 3;

/** A name server that knows one zone's addresses and says NXDOMAIN to all else (RFC 1035, 4.1). */
async function nameServer(zones: Readonly<Record<string, Zone>>): Promise<string> {
  const socket = createSocket('udp4');
  socket.on('message', (query, from) => {
    socket.send(answerTo(query, zones), from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  closing.push(() => socket.close());
  return `127.0.0.1:${socket.address().port}`;
}

function answerTo(query: Buffer, zones: Readonly<Record<string, Zone>>): Buffer {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at]; length > 0; length = query[at]) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const type = query.readUInt16BE(at + 1);
  const question = query.subarray(12, at + 5);
  const zone = zones[labels.join('.').toLowerCase()];
  const records = recordsOf(zone, type);
  const head = Buffer.alloc(12);
  query.copy(head, 0, 0, 2);
  head.writeUInt16BE(0x8180 | (zone === undefined ? NAME_ERROR : 0), 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(records.length, 6);
  return Buffer.concat([head, question, ...records]);
}

function recordsOf(zone: Zone | undefined, type: number): readonly Buffer[] {
  const bytes =
    type === TYPE_A
      ? (zone?.v4 ?? []).map((text) => Buffer.from(text.split('.').map(Number)))
      : (zone?.v6 ?? []).map((text) => Buffer.from(text.replaceAll(':', ''), 'hex'));
  if (type !== TYPE_A && type !== TYPE_AAAA) return [];
  return bytes.map((data) => {
    const record = Buffer.alloc(12);
    record.writeUInt16BE(0xc00c, 0);
    record.writeUInt16BE(type, 2);
    record.writeUInt16BE(1, 4);
    record.writeUInt32BE(zone?.ttl ?? 60, 6);
    record.writeUInt16BE(data.length, 10);
    return Buffer.concat([record, data]);
  });
}

const V6 = '2001:0db8:0000:0000:0000:0000:0000:0001';
const ZONES: Readonly<Record<string, Zone>> = {
  'four.test': { v4: ['10.0.0.1', '10.0.0.2'], ttl: 7 },
  'six.test': { v6: [V6], ttl: 9 },
  'both.test': { v4: ['10.0.0.1'], v6: [V6], ttl: 5 },
  'empty.test': {},
};

async function resolver(hosts = '') {
  const directory = await TemporaryDirectory.make();
  closing.push(() => directory[Symbol.asyncDispose]());
  const hostsFile = join(directory.path, 'hosts');
  await writeFile(hostsFile, hosts);
  const server = await nameServer(ZONES);
  return createResolver({ servers: [server], hostsFile, timeoutMs: 500 });
}

describe('name resolution', () => {
  it('asks nobody for an address', async () => {
    const resolve = createResolver({ servers: ['127.0.0.1:1'] });
    expect(await resolve('10.0.0.1', 'auto')).toEqual({
      ok: true,
      value: { addresses: ['10.0.0.1'], ttlMs: null },
    });
    expect(await resolve('::1', 'v4-only')).toMatchObject({ value: { addresses: ['::1'] } });
  });

  it.each<[string, DnsFamily, readonly string[]]>([
    ['four.test', 'auto', ['10.0.0.1', '10.0.0.2']],
    ['four.test', 'v4-only', ['10.0.0.1', '10.0.0.2']],
    ['six.test', 'auto', ['2001:db8::1']],
    ['six.test', 'v4-preferred', ['2001:db8::1']],
    ['both.test', 'auto', ['2001:db8::1']],
    ['both.test', 'v4-preferred', ['10.0.0.1']],
    ['both.test', 'v6-only', ['2001:db8::1']],
    ['both.test', 'all', ['10.0.0.1', '2001:db8::1']],
    ['four.test', 'all', ['10.0.0.1', '10.0.0.2']],
  ])('finds the addresses of %s for %s', async (name, family, addresses) => {
    const resolve = await resolver();
    const answer = await resolve(name, family);
    if (!answer.ok) throw new Error(answer.error);
    expect([...answer.value.addresses].sort()).toEqual([...addresses].sort());
  });

  it('tells the TTL of the answer', async () => {
    const resolve = await resolver();
    expect(await resolve('four.test', 'v4-only')).toMatchObject({ value: { ttlMs: 7000 } });
    expect(await resolve('both.test', 'all')).toMatchObject({ value: { ttlMs: 5000 } });
  });

  it.each<[string, DnsFamily, string]>([
    ['missing.test', 'auto', 'ENOTFOUND'],
    ['empty.test', 'auto', 'ENODATA'],
    ['six.test', 'v4-only', 'ENODATA'],
  ])('says why there is no answer for %s', async (name, family, reason) => {
    const resolve = await resolver();
    expect(await resolve(name, family)).toEqual({ ok: false, error: reason });
  });

  it('believes the hosts file first, and sees that it changes', async () => {
    const directory = await TemporaryDirectory.make();
    closing.push(() => directory[Symbol.asyncDispose]());
    const hostsFile = join(directory.path, 'hosts');
    await writeFile(
      hostsFile,
      '# four.test\n192.0.2.1  other FOUR.test # comment\nbad four.test\n',
    );
    const server = await nameServer(ZONES);
    const resolve = createResolver({ servers: [server], hostsFile, timeoutMs: 500 });
    expect(await resolve('four.test', 'auto')).toMatchObject({
      value: { addresses: ['192.0.2.1'] },
    });
    await writeFile(hostsFile, '');
    expect(await resolve('four.test', 'auto')).toMatchObject({
      value: { addresses: expect.arrayContaining(['10.0.0.1']) },
    });
  });

  it('finds localhost on any machine', async () => {
    const answer = await createResolver()('localhost', 'v4-preferred');
    expect(answer).toMatchObject({ ok: true, value: { addresses: ['127.0.0.1'] } });
  });

  it('takes so many addresses and no more', async () => {
    const many = Array.from(
      { length: ADDRESSES_MAX + 50 },
      (_, i) => `10.1.${i >> 8}.${i & 255} big.test`,
    );
    const resolve = await resolver(many.join('\n'));
    const answer = await resolve('big.test', 'auto');
    expect(answer.ok ? answer.value.addresses.length : 0).toBe(ADDRESSES_MAX);
  });

  it('sorts addresses by family without losing or adding one', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.ipV4(), fc.ipV6())), (addresses) => {
        expect(ofFamily(addresses, 'all')).toEqual(addresses);
        const both = [...ofFamily(addresses, 'v4-only'), ...ofFamily(addresses, 'v6-only')];
        expect(both.sort()).toEqual([...addresses].sort());
        const preferred = ofFamily(addresses, 'v4-preferred');
        expect(preferred.length > 0).toBe(addresses.length > 0);
      }),
    );
  });
});
