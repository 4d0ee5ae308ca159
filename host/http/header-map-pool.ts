import assert from 'node:assert';
import { type HeaderLimits, HeaderMap } from './header-map.ts';

/** Maps kept for the next message; more than this many are left to the garbage collector. */
const KEPT_MAX = 1024;

/**
 * Header maps that are used again, one pool per worker. A codec takes a map for each head. From
 * `onHead` on it belongs to the receiver, who may give it back when nothing reads it any more
 * (after the log); one that is never given back is simply collected.
 */
export class HeaderMapPool {
  readonly #kept: HeaderMap[] = [];

  take(limits: HeaderLimits): HeaderMap {
    const map = this.#kept.pop();
    if (map === undefined) return new HeaderMap(limits);
    map.pooled = false;
    map.reset(limits);
    return map;
  }

  /** Giving a map back twice would hand one map to two messages: that is refused loudly. */
  give(map: HeaderMap): void {
    assert(!map.pooled, 'a header map was given back twice');
    if (this.#kept.length >= KEPT_MAX) return;
    map.pooled = true;
    map.reset();
    this.#kept.push(map);
  }
}
