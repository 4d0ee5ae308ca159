import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { StatsConfig } from './config';
import { Series } from './series';
import { facts, hashTraffic, PARTS, parts, reduceTraffic } from './traffic';

/** Four metrics each: a host that defines 10,000 for a module has room for these. */
const SERIES_MAX = 2000;
const PLACES = 4096;
const MASK: u32 = 4095;

/** A label set and the bits and bytes that it was made of. */
class Entry {
  readonly hash: u32;
  readonly facts: u64;
  readonly parts: StaticArray<Bytes>;
  readonly series: Series;

  constructor(hash: u32, series: Series) {
    this.hash = hash;
    this.facts = facts;
    this.series = series;
    this.parts = new StaticArray<Bytes>(PARTS);
    for (let i = 0; i < PARTS; i++) this.parts[i] = parts[i].copy();
  }

  isThis(hash: u32): bool {
    if (this.hash !== hash || this.facts !== facts) return false;
    for (let i = 0; i < PARTS; i++) {
      if (!unchecked(this.parts[i]).equals(unchecked(parts[i]))) return false;
    }
    return true;
  }
}

/** Series by what streams are like. A look-up allocates nothing. */
export class SeriesTable {
  private readonly places: StaticArray<Entry | null> = new StaticArray<Entry | null>(PLACES);
  private size: i32 = 0;

  /** The series of the stream that was read last. */
  find(config: StatsConfig): Series {
    let place = this.placeOf(hashTraffic());
    let entry = unchecked(this.places[place]);
    if (entry !== null) return entry.series;
    if (this.size >= SERIES_MAX) {
      // Metrics cannot be taken back, so whoever makes up host names must not make series.
      reduceTraffic();
      place = this.placeOf(hashTraffic());
      entry = unchecked(this.places[place]);
      if (entry !== null) return entry.series;
    }
    const series = new Series(config);
    if (this.size++ < PLACES - 1) this.places[place] = new Entry(hashTraffic(), series);
    return series;
  }

  /** Where the stream's entry is, or the free place where it would be. */
  private placeOf(hash: u32): u32 {
    let place = hash & MASK;
    while (true) {
      const entry = unchecked(this.places[place]);
      if (entry === null || entry.isThis(hash)) return place;
      place = (place + 1) & MASK;
    }
  }
}
