import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ConnectionFacts,
  compileChainTable,
  type FilterChainMatch,
  MATCH_ALL,
} from './filter-chain-match.ts';
import { type CidrRange, type IpBytes, inRange, parseCidr, parseIp } from './ip.ts';

function ip(text: string): IpBytes {
  const bytes = parseIp(text);
  if (bytes === null) throw new Error(`${text} is no IP`);
  return bytes;
}

function cidr(text: string): CidrRange {
  const [address, length] = text.split('/');
  const range = parseCidr(address, Number(length));
  if (range === null) throw new Error(`${text} is no range`);
  return range;
}

const FACTS: ConnectionFacts = {
  destinationIp: ip('10.1.2.3'),
  destinationPort: 80,
  serverName: '',
  transportProtocol: 'raw_buffer',
  applicationProtocols: [],
  directSourceIp: ip('192.168.0.9'),
  sourceIp: ip('192.168.0.9'),
  sourcePort: 4000,
};

function match(part: Partial<FilterChainMatch>): FilterChainMatch {
  return { ...MATCH_ALL, ...part };
}

function find(matches: readonly Partial<FilterChainMatch>[], facts: Partial<ConnectionFacts>) {
  return compileChainTable(matches.map(match)).find({ ...FACTS, ...facts });
}

describe('filter chain match', () => {
  it('finds nothing among no chains', () => {
    expect(find([], {})).toBe(-1);
  });

  it('takes the chain that names the port over one that names none', () => {
    const chains = [{}, { destinationPort: 80 }];
    expect(find(chains, { destinationPort: 80 })).toBe(1);
    expect(find(chains, { destinationPort: 81 })).toBe(0);
  });

  it('takes the longest prefix of the destination', () => {
    const chains = [
      { prefixRanges: [cidr('10.0.0.0/8')] },
      { prefixRanges: [cidr('10.1.0.0/16')] },
    ];
    expect(find(chains, {})).toBe(1);
    expect(find(chains, { destinationIp: ip('10.2.0.1') })).toBe(0);
    expect(find(chains, { destinationIp: ip('11.0.0.1') })).toBe(-1);
  });

  it('never turns back: a port that fits rules out chains without one', () => {
    const chains = [
      { destinationPort: 80, sourcePorts: [1] },
      { prefixRanges: [cidr('10.1.2.3/32')] },
    ];
    expect(find(chains, { destinationPort: 80 })).toBe(-1);
  });

  it('takes an exact server name, then the longest suffix, then none', () => {
    const chains = [
      { serverNames: ['*.example.com'] },
      { serverNames: ['*.a.example.com', 'b.example.com'] },
      {},
    ];
    expect(find(chains, { serverName: 'x.a.example.com' })).toBe(1);
    expect(find(chains, { serverName: 'b.example.com' })).toBe(1);
    expect(find(chains, { serverName: 'c.example.com' })).toBe(0);
    expect(find(chains, { serverName: 'example.com' })).toBe(2);
    expect(find(chains, { serverName: '.example.com' })).toBe(2);
    expect(find(chains, { serverName: '' })).toBe(2);
  });

  it("goes by the client's order of application protocols", () => {
    const chains = [{ applicationProtocols: ['http/1.1'] }, { applicationProtocols: ['h2'] }];
    expect(find(chains, { applicationProtocols: ['h2', 'http/1.1'] })).toBe(1);
    expect(find(chains, { applicationProtocols: ['http/1.1', 'h2'] })).toBe(0);
    expect(find(chains, { applicationProtocols: ['h3'] })).toBe(-1);
  });

  it('tells local sources from external ones', () => {
    const chains = [
      { sourceType: 'SAME_IP_OR_LOOPBACK' as const },
      { sourceType: 'EXTERNAL' as const },
      {},
    ];
    expect(find(chains, { sourceIp: ip('127.0.0.1') })).toBe(0);
    expect(find(chains, { sourceIp: ip('10.1.2.3') })).toBe(0);
    expect(find(chains, { sourceIp: ip('::1') })).toBe(0);
    expect(find(chains, { sourceIp: ip('10.1.2.4') })).toBe(1);
  });

  it('keeps IPv4 and IPv6 apart and reads mapped IPv4 as IPv4', () => {
    const chains = [{ prefixRanges: [cidr('::/0')] }, { prefixRanges: [cidr('0.0.0.0/0')] }];
    expect(find(chains, { destinationIp: ip('::ffff:10.0.0.1') })).toBe(1);
    expect(find(chains, { destinationIp: ip('2001:db8::1') })).toBe(0);
  });

  it('names chains that match the same', () => {
    const table = compileChainTable([
      match({ destinationPort: 80, sourcePorts: [1, 2] }),
      match({ destinationPort: 80, sourcePorts: [3] }),
      match({ destinationPort: 80, sourcePorts: [4, 2] }),
      match({ prefixRanges: [cidr('10.1.2.3/8')] }),
      match({ prefixRanges: [cidr('10.0.0.0/8')] }),
    ]);
    expect(table.duplicates).toEqual([
      [0, 2],
      [3, 4],
    ]);
  });
});

/**
 * The rules as Envoy's documentation states them, one criterion after the other over a shrinking
 * list of candidates, without any tree.
 */
function reference(matches: readonly FilterChainMatch[], facts: ConnectionFacts): number {
  const local = facts.sourceIp.join() === facts.destinationIp.join() || facts.sourceIp[0] === 127;
  type Score = (m: FilterChainMatch) => number;
  const longest = (ranges: readonly CidrRange[], at: IpBytes): number =>
    ranges.length === 0
      ? -1
      : ranges.reduce((best, r) => (inRange(at, r) ? Math.max(best, r.prefixLength) : best), -2);
  const listed = (list: readonly unknown[], value: unknown): number =>
    list.length === 0 ? -1 : list.includes(value) ? 0 : -2;
  const names = (m: FilterChainMatch): number =>
    m.serverNames.length === 0
      ? -1
      : Math.max(
          ...m.serverNames.map((name) => {
            if (name === facts.serverName) return 10_000;
            const suffix = name.slice(1);
            return name[0] === '*' &&
              facts.serverName.endsWith(suffix) &&
              facts.serverName !== suffix
              ? suffix.length
              : -2;
          }),
        );
  const alpn = (m: FilterChainMatch): number => {
    if (m.applicationProtocols.length === 0) return -1;
    const place = facts.applicationProtocols.findIndex((p) => m.applicationProtocols.includes(p));
    return place === -1 ? -2 : 100 - place;
  };
  const criteria: readonly Score[] = [
    (m) => (m.destinationPort === 0 ? -1 : m.destinationPort === facts.destinationPort ? 0 : -2),
    (m) => longest(m.prefixRanges, facts.destinationIp),
    names,
    (m) =>
      m.transportProtocol === '' ? -1 : m.transportProtocol === facts.transportProtocol ? 0 : -2,
    alpn,
    (m) => longest(m.directSourcePrefixRanges, facts.directSourceIp),
    (m) => (m.sourceType === 'ANY' ? -1 : (m.sourceType === 'EXTERNAL') !== local ? 0 : -2),
    (m) => longest(m.sourcePrefixRanges, facts.sourceIp),
    (m) => listed(m.sourcePorts, facts.sourcePort),
  ];
  let left = matches.map((m, index) => ({ m, index }));
  for (const score of criteria) {
    const best = Math.max(-2, ...left.map(({ m }) => score(m)));
    left = best === -2 ? [] : left.filter(({ m }) => score(m) === best);
  }
  return left.length === 0 ? -1 : left[0].index;
}

const range = fc
  .tuple(
    fc.constantFrom('10.1.2.3', '10.9.0.1', '127.0.0.1', '192.168.0.9'),
    fc.constantFrom(0, 8, 16, 31, 32),
  )
  .map(([address, length]) => cidr(`${address}/${length}`));
const few = <T>(item: fc.Arbitrary<T>): fc.Arbitrary<T[]> =>
  fc.uniqueArray(item, { maxLength: 2, selector: (value) => JSON.stringify(value) });
const anyMatch: fc.Arbitrary<FilterChainMatch> = fc.record({
  destinationPort: fc.constantFrom(0, 0, 80, 81),
  prefixRanges: few(range),
  serverNames: few(fc.constantFrom('a.b.c', '*.b.c', '*.c', 'x.b.c')),
  transportProtocol: fc.constantFrom('', 'tls', 'raw_buffer'),
  applicationProtocols: few(fc.constantFrom('h2', 'http/1.1')),
  directSourcePrefixRanges: few(range),
  sourceType: fc.constantFrom('ANY', 'SAME_IP_OR_LOOPBACK', 'EXTERNAL'),
  sourcePrefixRanges: few(range),
  sourcePorts: few(fc.constantFrom(1, 2)),
});
const address = fc.constantFrom('10.1.2.3', '10.9.9.9', '127.0.0.1', '192.168.0.9').map(ip);
const anyFacts: fc.Arbitrary<ConnectionFacts> = fc.record({
  destinationIp: address,
  destinationPort: fc.constantFrom(80, 81, 82),
  serverName: fc.constantFrom('', 'a.b.c', 'x.b.c', 'q.b.c', 'z.c', 'c'),
  transportProtocol: fc.constantFrom('tls', 'raw_buffer'),
  applicationProtocols: fc.shuffledSubarray(['h2', 'http/1.1', 'h3']),
  directSourceIp: address,
  sourceIp: address,
  sourcePort: fc.constantFrom(1, 2, 3),
});

describe('filter chain match against the rules read literally', () => {
  it('agrees on every set of chains without duplicates', () => {
    fc.assert(
      fc.property(
        fc.array(anyMatch, { maxLength: 6 }),
        fc.array(anyFacts, { minLength: 1, maxLength: 10 }),
        (matches, connections) => {
          const table = compileChainTable(matches);
          fc.pre(table.duplicates.length === 0);
          for (const facts of connections) {
            expect(table.find(facts)).toBe(reference(matches, facts));
          }
        },
      ),
      { numRuns: 3000 },
    );
  });
});
