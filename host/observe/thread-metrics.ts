import { BAD_ARGUMENT, NOT_FOUND, OK } from '@lateen/sdk/abi/status';
import type { MetricSlots } from '../wasm/effects.ts';
import { bucketOf, HISTOGRAM_COUNT, HISTOGRAM_SLOTS, HISTOGRAM_SUM } from './histogram.ts';
import { envoyStat, guestStat, type StatName, stat, type Tag } from './stat-name.ts';

/** MetricType of the Proxy-Wasm ABI. */
export const COUNTER = 0;
export const GAUGE = 1;
export const HISTOGRAM = 2;
export type MetricType = typeof COUNTER | typeof GAUGE | typeof HISTOGRAM;

/** What a thread tells the one that answers scrapes (`MetricHub`). */
export type MetricsMessage =
  | { readonly kind: 'block'; readonly buffer: SharedArrayBuffer }
  | {
      readonly kind: 'series';
      readonly slot: number;
      readonly type: MetricType;
      readonly name: StatName;
    };

const BLOCK_BITS = 12;
const BLOCK_SLOTS = 1 << BLOCK_BITS;
const BLOCK_MASK = BLOCK_SLOTS - 1;

/** Slots that swallow what is counted on series beyond the limit; slot 0 is never an id. */
const VOID_SLOT = 1;
const FIRST_SLOT = VOID_SLOT + HISTOGRAM_SLOTS;

/** A module that puts a request id into a label must not eat the memory of the process. */
const SERIES_MAX = 100_000;
const NAME_LENGTH_MAX = 4096;

/**
 * The counters of one thread: slots in shared memory that only this thread writes and that the main
 * thread sums when somebody asks. To count is one addition; names are resolved once.
 *
 * Ids are positive. A gauge is NaN until it is first set, so that `usedonly` can tell.
 */
export class ThreadMetrics implements MetricSlots {
  readonly #announce: (message: MetricsMessage) => void;
  readonly #seriesMax: number;
  readonly #blocks: Float64Array[] = [];
  readonly #ids = new Map<string, number>();
  /** Type by slot; undefined = no such id. */
  readonly #types: (MetricType | undefined)[] = [];
  readonly #dropped: number;
  #next = FIRST_SLOT;
  /**
   * The same slots for modules: their names never pass for the host's own, whatever they are.
   * A module in the host's namespace could otherwise change `cluster.*` for everybody.
   */
  readonly guests: MetricSlots = {
    define: (type, name) => this.#define(type, name, guestStat),
    increment: (id, delta) => this.increment(id, delta),
    record: (id, value) => this.record(id, value),
    read: (id) => this.read(id),
  };

  constructor(announce: (message: MetricsMessage) => void, seriesMax: number = SERIES_MAX) {
    this.#announce = announce;
    this.#seriesMax = seriesMax;
    this.#grow();
    this.#dropped = this.series(COUNTER, stat('server', 'dropped_stat_series'));
  }

  /**
   * The host's own metric by the dotted name that Envoy prints (`cluster.a.upstream_rq_total`);
   * labels are found in it. 0, which is no id, where the type is unknown.
   */
  define(metricType: number, name: string): number {
    return this.#define(metricType, name, envoyStat);
  }

  /** The id of a series; the same name gives the same id. */
  series(type: MetricType, name: StatName): number {
    const key = seriesKey(type, name);
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    if (this.#ids.size >= this.#seriesMax) return this.#refuse();
    const slot = this.#allocate(type);
    this.#ids.set(key, slot);
    this.#types[slot] = type;
    this.#announce({ kind: 'series', slot, type, name });
    return slot;
  }

  counter(...parts: readonly (string | Tag)[]): number {
    return this.series(COUNTER, stat(...parts));
  }

  gauge(...parts: readonly (string | Tag)[]): number {
    return this.series(GAUGE, stat(...parts));
  }

  histogram(...parts: readonly (string | Tag)[]): number {
    return this.series(HISTOGRAM, stat(...parts));
  }

  /** Adds to a counter of ours: no checks, for the main road. */
  add(id: number, delta: number): void {
    this.#blocks[id >> BLOCK_BITS]![id & BLOCK_MASK]! += delta;
  }

  /** Moves a gauge of ours up or down. */
  move(id: number, delta: number): void {
    const block = this.#blocks[id >> BLOCK_BITS]!;
    const at = id & BLOCK_MASK;
    const value = block[at]!;
    block[at] = Number.isNaN(value) ? delta : value + delta;
  }

  set(id: number, value: number): void {
    this.#blocks[id >> BLOCK_BITS]![id & BLOCK_MASK] = value;
  }

  /** Records a value in a histogram of ours. */
  observe(id: number, value: number): void {
    const block = this.#blocks[id >> BLOCK_BITS]!;
    const at = id & BLOCK_MASK;
    block[at + bucketOf(value)]!++;
    block[at + HISTOGRAM_SUM]! += value;
    block[at + HISTOGRAM_COUNT]!++;
  }

  /** The ABI's: a counter only goes up; histograms are recorded. A proxy-wasm status. */
  increment(id: number, delta: number): number {
    const type = this.#types[id];
    if (type === undefined) return id === VOID_SLOT ? OK : NOT_FOUND;
    if (type === HISTOGRAM || (type === COUNTER && delta <= 0)) return BAD_ARGUMENT;
    if (type === GAUGE) this.move(id, delta);
    else this.add(id, delta);
    return OK;
  }

  /** The ABI's: adds to a counter, sets a gauge, records in a histogram. */
  record(id: number, value: number): number {
    const type = this.#types[id];
    if (type === undefined) return id === VOID_SLOT ? OK : NOT_FOUND;
    if (type === COUNTER) this.add(id, value);
    else if (type === GAUGE) this.set(id, value);
    else this.observe(id, value);
    return OK;
  }

  /** What this thread counted. */
  read(id: number): number | null {
    const type = this.#types[id];
    if (type === undefined || type === HISTOGRAM) return id === VOID_SLOT ? 0 : null;
    const value = this.#blocks[id >> BLOCK_BITS]![id & BLOCK_MASK]!;
    return Number.isNaN(value) ? 0 : value;
  }

  #define(type: number, name: string, parse: (name: string) => StatName): number {
    if (type !== COUNTER && type !== GAUGE && type !== HISTOGRAM) return 0;
    if (name.length > NAME_LENGTH_MAX) return this.#refuse();
    return this.series(type, parse(name));
  }

  #refuse(): number {
    this.add(this.#dropped, 1);
    return VOID_SLOT;
  }

  /** A histogram's slots lie together in one block. */
  #allocate(type: MetricType): number {
    const size = type === HISTOGRAM ? HISTOGRAM_SLOTS : 1;
    if ((this.#next & BLOCK_MASK) + size > BLOCK_SLOTS) {
      this.#next = (this.#next | BLOCK_MASK) + 1;
    }
    const slot = this.#next;
    this.#next += size;
    if (slot >> BLOCK_BITS >= this.#blocks.length) this.#grow();
    if (type === GAUGE) this.set(slot, Number.NaN);
    return slot;
  }

  #grow(): void {
    const buffer = new SharedArrayBuffer(BLOCK_SLOTS * Float64Array.BYTES_PER_ELEMENT);
    this.#blocks.push(new Float64Array(buffer));
    this.#announce({ kind: 'block', buffer });
  }
}

/** What makes two series the same; a module's and the host's of one name are two. */
export function seriesKey(type: number, name: StatName): string {
  return `${type}${name.metric} ${name.full}`;
}

/** The slot's value in a list of blocks, for the reading side. */
export function slotOf(blocks: readonly Float64Array[], slot: number, offset = 0): number {
  return blocks[slot >> BLOCK_BITS]![(slot & BLOCK_MASK) + offset]!;
}
