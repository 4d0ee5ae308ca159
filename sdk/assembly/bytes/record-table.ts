import { IdMap } from './id-map';

/**
 * A zeroed record of fixed size per id, outside the garbage collector's view: what a filter on
 * the byte level keeps for each stream. Records of closed ids are used again.
 */
export class RecordTable {
  private places: IdMap<usize> = new IdMap<usize>();
  private free: usize = 0;
  private recordBytes: usize;

  constructor(recordBytes: i32) {
    this.recordBytes = max<usize>(recordBytes, sizeof<usize>());
  }

  get size(): i32 {
    return this.places.size;
  }

  /** The id's record, made where there is none. */
  open(id: i32): usize {
    const found = this.places.get(id, 0);
    if (found !== 0) return found;
    let record = this.free;
    if (record === 0) record = heap.alloc(this.recordBytes);
    else this.free = load<usize>(record);
    memory.fill(record, 0, this.recordBytes);
    this.places.set(id, record);
    return record;
  }

  /** The id's record, or 0. */
  find(id: i32): usize {
    return this.places.get(id, 0);
  }

  close(id: i32): void {
    const record = this.places.get(id, 0);
    if (record === 0) return;
    this.places.remove(id);
    store<usize>(record, this.free);
    this.free = record;
  }
}
