import { Bytes, sameBytes } from './bytes';
import { hashBytes } from './hash';

/**
 * From byte strings to values; a look-up allocates nothing. The hash only preselects, the bytes
 * decide.
 */
export class ByteMap<T> {
  private keys: StaticArray<Bytes | null> = new StaticArray<Bytes | null>(16);
  private hashes: StaticArray<u32> = new StaticArray<u32>(16);
  private values: StaticArray<T> = new StaticArray<T>(16);
  private mask: u32 = 15;
  size: i32 = 0;

  get(pointer: usize, size: i32, fallback: T): T {
    return this.getHashed(hashBytes(pointer, size), pointer, size, fallback);
  }

  /** `get` for callers that know the hash. */
  getHashed(hash: u32, pointer: usize, size: i32, fallback: T): T {
    const place = this.place(hash, pointer, size);
    return unchecked(this.keys[place]) === null ? fallback : unchecked(this.values[place]);
  }

  /** Keeps the key: it must not be pointed elsewhere afterwards. */
  set(key: Bytes, value: T): void {
    const hash = hashBytes(key.pointer, key.size);
    let place = this.place(hash, key.pointer, key.size);
    if (unchecked(this.keys[place]) === null) {
      if (this.size++ >= <i32>(this.mask >> 1)) {
        this.grow();
        place = this.place(hash, key.pointer, key.size);
      }
      unchecked((this.keys[place] = key));
      unchecked((this.hashes[place] = hash));
    }
    unchecked((this.values[place] = value));
  }

  private place(hash: u32, pointer: usize, size: i32): u32 {
    let place = hash & this.mask;
    while (true) {
      const key = unchecked(this.keys[place]);
      if (key === null) return place;
      if (unchecked(this.hashes[place]) === hash && key.size === size) {
        if (sameBytes(key.pointer, pointer, size)) return place;
      }
      place = (place + 1) & this.mask;
    }
  }

  private grow(): void {
    const keys = this.keys;
    const hashes = this.hashes;
    const values = this.values;
    const places = (this.mask + 1) << 1;
    this.keys = new StaticArray<Bytes | null>(places);
    this.hashes = new StaticArray<u32>(places);
    this.values = new StaticArray<T>(places);
    this.mask = places - 1;
    for (let i = 0; i < keys.length; i++) {
      const key = unchecked(keys[i]);
      if (key === null) continue;
      const place = this.place(unchecked(hashes[i]), key.pointer, key.size);
      unchecked((this.keys[place] = key));
      unchecked((this.hashes[place] = hashes[i]));
      unchecked((this.values[place] = values[i]));
    }
  }
}
