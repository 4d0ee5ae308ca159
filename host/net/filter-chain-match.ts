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
type Value = string | CidrRange | null;

/** Either values that are looked up, or address ranges, of which the longest that fits counts. */
type Criterion =
  | {
      readonly kind: 'values';
      readonly values: (match: FilterChainMatch) => readonly Value[];
      /** What of the connection to look for, the most specific first. */
      readonly wanted: (facts: ConnectionFacts) => readonly string[];
    }
  | {
      readonly kind: 'ranges';
      readonly values: (match: FilterChainMatch) => readonly Value[];
      readonly ip: (facts: ConnectionFacts) => IpBytes;
    };

const CRITERIA: readonly Criterion[] = [
  {
    kind: 'values',
    values: (match) => (match.destinationPort === 0 ? [] : [String(match.destinationPort)]),
    wanted: (facts) => [String(facts.destinationPort)],
  },
  { kind: 'ranges', values: (match) => match.prefixRanges, ip: (facts) => facts.destinationIp },
  {
    kind: 'values',
    values: (match) => match.serverNames,
    wanted: (facts) => namesOf(facts.serverName),
  },
  {
    kind: 'values',
    values: (match) => (match.transportProtocol === '' ? [] : [match.transportProtocol]),
    wanted: (facts) => [facts.transportProtocol],
  },
  {
    kind: 'values',
    values: (match) => match.applicationProtocols,
    wanted: (facts) => facts.applicationProtocols,
  },
  {
    kind: 'ranges',
    values: (match) => match.directSourcePrefixRanges,
    ip: (facts) => facts.directSourceIp,
  },
  {
    kind: 'values',
    values: (match) => (match.sourceType === 'ANY' ? [] : [match.sourceType]),
    wanted: (facts) => [isLocal(facts) ? 'SAME_IP_OR_LOOPBACK' : 'EXTERNAL'],
  },
  { kind: 'ranges', values: (match) => match.sourcePrefixRanges, ip: (facts) => facts.sourceIp },
  {
    kind: 'values',
    values: (match) => match.sourcePorts.map(String),
    wanted: (facts) => [String(facts.sourcePort)],
  },
];

interface Branch {
  readonly value: Value;
  readonly next: Level | null;
  /** On the last level. */
  chain: number;
}

const ANY: readonly Value[] = [null];

class Level {
  readonly #depth: number;
  readonly #branches = new Map<string, Branch>();
  /** Of a criterion of ranges: the longest prefix first. */
  #ranges: readonly (readonly [CidrRange, Branch])[] = [];

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

  /** To be called once all chains are in. */
  sort(): void {
    const branches = [...this.#branches.values()];
    this.#ranges = branches
      .flatMap((branch): [CidrRange, Branch][] =>
        typeof branch.value === 'object' && branch.value !== null ? [[branch.value, branch]] : [],
      )
      .sort(([a], [b]) => b.prefixLength - a.prefixLength);
    for (const branch of branches) branch.next?.sort();
  }

  find(facts: ConnectionFacts): number {
    const branch = this.#choose(facts) ?? this.#branches.get('');
    if (branch === undefined) return -1;
    return branch.next === null ? branch.chain : branch.next.find(facts);
  }

  #choose(facts: ConnectionFacts): Branch | undefined {
    const criterion = CRITERIA[this.#depth];
    if (criterion.kind === 'ranges') {
      if (this.#ranges.length === 0) return undefined;
      const ip = criterion.ip(facts);
      return this.#ranges.find(([range]) => inRange(ip, range))?.[1];
    }
    if (this.#branches.size === 1 && this.#branches.has('')) return undefined;
    for (const value of criterion.wanted(facts)) {
      const branch = this.#branches.get(keyOf(value));
      if (branch !== undefined) return branch;
    }
    return undefined;
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

function keyOf(value: Value): string {
  if (value === null) return '';
  if (typeof value === 'string') return `=${value}`;
  return `${value.ip.join('.')}/${value.prefixLength}`;
}

/** The name and the wildcards it falls under, the longest first. */
function namesOf(serverName: string): readonly string[] {
  if (serverName === '') return [];
  const names = [serverName];
  for (let dot = serverName.indexOf('.'); dot !== -1; dot = serverName.indexOf('.', dot + 1)) {
    if (dot > 0) names.push(`*${serverName.slice(dot)}`);
  }
  return names;
}

function isLocal(facts: ConnectionFacts): boolean {
  return isLoopback(facts.sourceIp) || sameIp(facts.sourceIp, facts.destinationIp);
}
