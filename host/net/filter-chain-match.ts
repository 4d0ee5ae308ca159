import { type CidrRange, type IpBytes, inRange, isLoopback, sameIp } from './ip.ts';

/** `FilterChainMatch`: empty lists, 0 and '' match everything. */
export interface FilterChainMatch {
  /** 0 = any. */
  readonly destinationPort: number;
  readonly prefixRanges: readonly CidrRange[];
  /** Lower case; `*.example.com` is a suffix. */
  readonly serverNames: readonly string[];
  readonly transportProtocol: string;
  readonly applicationProtocols: readonly string[];
  readonly directSourcePrefixRanges: readonly CidrRange[];
  readonly sourceType: SourceType;
  readonly sourcePrefixRanges: readonly CidrRange[];
  readonly sourcePorts: readonly number[];
}

export type SourceType = 'ANY' | 'SAME_IP_OR_LOOPBACK' | 'EXTERNAL';

/** What is known of a connection when its chain is chosen. */
export interface ConnectionFacts {
  readonly destinationIp: IpBytes;
  readonly destinationPort: number;
  /** Lower case, empty where the client named none. */
  readonly serverName: string;
  /** `raw_buffer` or `tls`. */
  readonly transportProtocol: string;
  readonly applicationProtocols: readonly string[];
  /** The peer of the socket, whatever a PROXY header says. */
  readonly directSourceIp: IpBytes;
  readonly sourceIp: IpBytes;
  readonly sourcePort: number;
}

/** Finds the index of the chain for a connection, -1 where none matches. */
export interface ChainTable {
  readonly find: (facts: ConnectionFacts) => number;
  /** Pairs of chains with a criterion in common that leaves no winner. */
  readonly duplicates: readonly (readonly [first: number, second: number])[];
}

export const MATCH_ALL: FilterChainMatch = {
  destinationPort: 0,
  prefixRanges: [],
  serverNames: [],
  transportProtocol: '',
  applicationProtocols: [],
  directSourcePrefixRanges: [],
  sourceType: 'ANY',
  sourcePrefixRanges: [],
  sourcePorts: [],
};

/**
 * Envoy's matching: one criterion after the other in a fixed order, each time going on with the
 * chains that name the most specific value that fits, and never turning back. The chains become a
 * tree with one level per criterion; a chain that names several values stands under each.
 */
export function compileChainTable(matches: readonly FilterChainMatch[]): ChainTable {
  const tree = new Level(0);
  const duplicates: (readonly [number, number])[] = [];
  matches.forEach((match, index) => {
    const other = tree.insert(match, index);
    if (other !== -1) duplicates.push([other, index]);
  });
  tree.sort();
  return { find: (facts) => tree.find(facts), duplicates };
}

/** One value of a criterion; `null` stands for "any". */
type Value = string | number | CidrRange | null;

interface Criterion {
  readonly values: (match: FilterChainMatch) => readonly Value[];
  /** Whether the value of a chain fits the connection. */
  readonly fits: (value: Value, facts: ConnectionFacts) => boolean;
  /** How specific; the highest that fits wins. `null` is -1. */
  readonly rank: (value: Value, facts: ConnectionFacts) => number;
}

const same = (): number => 0;

const CRITERIA: readonly Criterion[] = [
  {
    values: (match) => [match.destinationPort === 0 ? null : match.destinationPort],
    fits: (value, facts) => value === facts.destinationPort,
    rank: same,
  },
  ranges(
    (match) => match.prefixRanges,
    (facts) => facts.destinationIp,
  ),
  {
    values: (match) => match.serverNames,
    fits: (value, facts) => serverNameFits(String(value), facts.serverName),
    // An exact name beats every suffix, a longer suffix a shorter one.
    rank: (value) => (String(value).startsWith('*.') ? String(value).length : 1000),
  },
  {
    values: (match) => [match.transportProtocol === '' ? null : match.transportProtocol],
    fits: (value, facts) => value === facts.transportProtocol,
    rank: same,
  },
  {
    values: (match) => match.applicationProtocols,
    fits: (value, facts) => facts.applicationProtocols.includes(String(value)),
    // The client's order of preference decides.
    rank: (value, facts) => 1000 - facts.applicationProtocols.indexOf(String(value)),
  },
  ranges(
    (match) => match.directSourcePrefixRanges,
    (facts) => facts.directSourceIp,
  ),
  {
    values: (match) => [match.sourceType === 'ANY' ? null : match.sourceType],
    fits: (value, facts) => (value === 'SAME_IP_OR_LOOPBACK') === isLocal(facts),
    rank: same,
  },
  ranges(
    (match) => match.sourcePrefixRanges,
    (facts) => facts.sourceIp,
  ),
  {
    values: (match) => match.sourcePorts,
    fits: (value, facts) => value === facts.sourcePort,
    rank: same,
  },
];

class Level {
  readonly #depth: number;
  readonly #branches = new Map<string, Branch>();
  #ordered: readonly Branch[] = [];

  constructor(depth: number) {
    this.#depth = depth;
  }

  /** Puts the chain under each of its values; the index of one that has the same place, or -1. */
  insert(match: FilterChainMatch, chain: number): number {
    const named = CRITERIA[this.#depth].values(match);
    let other = -1;
    for (const value of named.length === 0 ? ANY : named) {
      const branch = this.#branch(value);
      if (branch.next !== null) other = Math.max(other, branch.next.insert(match, chain));
      else if (branch.chain === -1) branch.chain = chain;
      else if (branch.chain !== chain) other = branch.chain;
    }
    return other;
  }

  sort(): void {
    this.#ordered = [...this.#branches.values()];
    for (const branch of this.#ordered) branch.next?.sort();
  }

  find(facts: ConnectionFacts): number {
    const criterion = CRITERIA[this.#depth];
    let best: Branch | null = null;
    let bestRank = -2;
    for (const branch of this.#ordered) {
      const { value } = branch;
      const rank = value === null ? -1 : rankOf(criterion, value, facts);
      if (rank <= bestRank) continue;
      best = branch;
      bestRank = rank;
    }
    if (best === null) return -1;
    return best.next === null ? best.chain : best.next.find(facts);
  }

  #branch(value: Value): Branch {
    const key = keyOf(value);
    let branch = this.#branches.get(key);
    if (branch === undefined) {
      const last = this.#depth === CRITERIA.length - 1;
      branch = { value, next: last ? null : new Level(this.#depth + 1), chain: -1 };
      this.#branches.set(key, branch);
    }
    return branch;
  }
}

interface Branch {
  readonly value: Value;
  readonly next: Level | null;
  /** On the last level. */
  chain: number;
}

const ANY: readonly Value[] = [null];

function rankOf(criterion: Criterion, value: Value, facts: ConnectionFacts): number {
  return criterion.fits(value, facts) ? criterion.rank(value, facts) : -2;
}

function ranges(
  values: (match: FilterChainMatch) => readonly CidrRange[],
  ip: (facts: ConnectionFacts) => IpBytes,
): Criterion {
  return {
    values,
    fits: (value, facts) => isRange(value) && inRange(ip(facts), value),
    rank: (value) => (isRange(value) ? value.prefixLength : -1),
  };
}

function isRange(value: Value): value is CidrRange {
  return typeof value === 'object' && value !== null;
}

function keyOf(value: Value): string {
  if (value === null) return '';
  return isRange(value) ? `${value.ip.join('.')}/${value.prefixLength}` : `=${value}`;
}

function serverNameFits(pattern: string, name: string): boolean {
  if (!pattern.startsWith('*.')) return pattern === name;
  return name.length > pattern.length - 1 && name.endsWith(pattern.slice(1));
}

function isLocal(facts: ConnectionFacts): boolean {
  return isLoopback(facts.sourceIp) || sameIp(facts.sourceIp, facts.destinationIp);
}
