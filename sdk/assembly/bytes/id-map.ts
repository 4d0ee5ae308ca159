/** 2^32 divided by the golden ratio: multiples of it lie evenly apart, so runs of ids do too. */
const GOLDEN: u32 = 0x9e3779b1;
const BITS_MIN = 4;

/**
 * From positive ids to values. Ids of contexts and configurations are handed out in order; spread
 * by the golden ratio, a look-up is one probe or two whichever of them are alive. Removing moves
 * later entries back instead of leaving holes, so cost does not grow with what was removed before.
 */
export class IdMap<T> {
  private ids: StaticArray<i32> = new StaticArray<i32>(16);
  private values: StaticArray<T> = new StaticArray<T>(16);
  private mask: i32 = 15;
  private shift: u32 = 32 - BITS_MIN;
  size: i32 = 0;

  has(id: i32): bool {
    return unchecked(this.ids[this.place(id)]) === id && id !== 0;
  }

  /** The value, or `fallback` where the id is not known. */
  get(id: i32, fallback: T): T {
    const place = this.place(id);
    return id !== 0 && unchecked(this.ids[place]) === id ? unchecked(this.values[place]) : fallback;
  }

  set(id: i32, value: T): void {
    if (id === 0) return;
    let place = this.place(id);
    if (unchecked(this.ids[place]) !== id) {
      if (this.size++ >= this.mask >> 1) {
        this.grow();
        place = this.place(id);
      }
      unchecked((this.ids[place] = id));
    }
    unchecked((this.values[place] = value));
  }

  remove(id: i32): void {
    let hole = this.place(id);
    if (id === 0 || unchecked(this.ids[hole]) !== id) return;
    this.size--;
    let next = hole;
    while (true) {
      next = (next + 1) & this.mask;
      const mover = unchecked(this.ids[next]);
      if (mover === 0) break;
      const distance = (next - this.home(mover)) & this.mask;
      if (distance < ((next - hole) & this.mask)) continue;
      unchecked((this.ids[hole] = mover));
      unchecked((this.values[hole] = this.values[next]));
      hole = next;
    }
    unchecked((this.ids[hole] = 0));
    this.clearValue(hole);
  }

  private home(id: i32): i32 {
    return <i32>((<u32>id * GOLDEN) >> this.shift);
  }

  /** Where the id stands, or the free place where it would. */
  private place(id: i32): i32 {
    let place = this.home(id);
    while (true) {
      const found = unchecked(this.ids[place]);
      if (found === id || found === 0) return place;
      place = (place + 1) & this.mask;
    }
  }

  private grow(): void {
    const ids = this.ids;
    const values = this.values;
    const places = (this.mask + 1) << 1;
    this.ids = new StaticArray<i32>(places);
    this.values = new StaticArray<T>(places);
    this.mask = places - 1;
    this.shift--;
    for (let i = 0; i < ids.length; i++) {
      const id = unchecked(ids[i]);
      if (id === 0) continue;
      const place = this.place(id);
      unchecked((this.ids[place] = id));
      unchecked((this.values[place] = values[i]));
    }
  }

  /** Forgets the value, so that it can be collected. */
  private clearValue(place: i32): void {
    store<T>(changetype<usize>(this.values) + ((<usize>place) << alignof<T>()), changetype<T>(0));
  }
}
