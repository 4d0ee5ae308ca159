import { ByteMap } from '@lateen/sdk/assembly/bytes/byte-map';
import { HASH_SEED, hashByte } from '@lateen/sdk/assembly/bytes/hash';
import { request } from './request';
import { Route } from './route';
import { MATCH_EXACT } from './route-match';

/** Routes that ask for the same path, in the order of the configuration. */
class SamePath {
  exact: Route | null = null;
  prefix: Route | null = null;
}

/**
 * Finds the first route that matches without trying them one by one. The path is hashed byte by
 * byte, and wherever a prefix of that length exists the hash so far is looked up; the whole hash
 * finds exact paths. Among the candidates the lowest index wins, as if all had been tried in order.
 */
export class PathIndex {
  private readonly paths: ByteMap<SamePath | null> = new ByteMap<SamePath | null>();
  /** One byte per length: whether a prefix of that length exists. */
  private prefixLengths: StaticArray<u8> = new StaticArray<u8>(0);
  private unindexed: Route | null = null;

  private best: Route | null = null;
  private bestIndex: i32 = i32.MAX_VALUE;

  /** `routes` in order. */
  constructor(routes: StaticArray<Route>) {
    for (let i = routes.length - 1; i >= 0; i--) this.add(unchecked(routes[i]));
  }

  find(): Route | null {
    this.best = null;
    this.bestIndex = i32.MAX_VALUE;
    const start = request.path.pointer;
    const size = request.path.size;
    const longest = this.prefixLengths.length - 1;
    if (longest >= 0 && unchecked(this.prefixLengths[0]) !== 0) this.tryPrefix(HASH_SEED, 0);
    let hash = HASH_SEED;
    for (let at = 0; at < size; at++) {
      hash = hashByte(hash, load<u8>(start + at));
      const length = at + 1;
      if (length > longest || unchecked(this.prefixLengths[length]) === 0) continue;
      this.tryPrefix(hash, length);
    }
    const same = this.paths.getHashed(hash, start, size, null);
    if (same !== null) this.tryChain(same.exact);
    this.tryUnindexed();
    return this.best;
  }

  /** Called with the last route first, so that chains come to stand in order. */
  private add(route: Route): void {
    const match = route.match;
    if (match.unindexed) {
      route.next = this.unindexed;
      this.unindexed = route;
      return;
    }
    let same = this.paths.get(match.path.pointer, match.path.size, null);
    if (same === null) {
      same = new SamePath();
      this.paths.set(match.path, same);
    }
    if (match.kind === MATCH_EXACT) {
      route.next = same.exact;
      same.exact = route;
    } else {
      route.next = same.prefix;
      same.prefix = route;
      this.notePrefixLength(match.path.size);
    }
  }

  private notePrefixLength(length: i32): void {
    const known = this.prefixLengths;
    if (length >= known.length) {
      const longer = new StaticArray<u8>(length + 1);
      for (let i = 0; i < known.length; i++) longer[i] = known[i];
      this.prefixLengths = longer;
    }
    this.prefixLengths[length] = 1;
  }

  private tryPrefix(hash: u32, length: i32): void {
    const same = this.paths.getHashed(hash, request.path.pointer, length, null);
    if (same !== null) this.tryChain(same.prefix);
  }

  private tryChain(first: Route | null): void {
    let route = first;
    while (route !== null && route.index < this.bestIndex) {
      if (route.match.matchesRest()) {
        this.best = route;
        this.bestIndex = route.index;
        return;
      }
      route = route.next;
    }
  }

  private tryUnindexed(): void {
    let route = this.unindexed;
    while (route !== null && route.index < this.bestIndex) {
      if (route.match.matchesPath() && route.match.matchesRest()) {
        this.best = route;
        return;
      }
      route = route.next;
    }
  }
}
