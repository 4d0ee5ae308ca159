import { FN_SHARED_LIST } from '../../abi/extensions';
import { OK } from '../../abi/status';
import { allocate } from '../arena';
import { Bytes } from '../bytes/bytes';
import { callForeign } from './foreign';

/** Keys that one call asks for. */
const PAGE_KEYS: u32 = 100;

/**
 * A walk over the keys of shared data that begin with a prefix, in no order (Lateen only). Keys
 * may be set and removed meanwhile: one that is there all the while is met exactly once.
 */
export class SharedKeys {
  readonly key: Bytes = new Bytes();
  private readonly name: Bytes = Bytes.of(FN_SHARED_LIST);
  private readonly page: Bytes = new Bytes();
  private prefix: Bytes = new Bytes();
  private cursor: u32 = 0;
  private at: i32 = 0;

  /** Stands before the first key; all of it within one callback. */
  open(prefix: string): SharedKeys {
    this.prefix = Bytes.of(prefix);
    this.cursor = 0;
    this.read();
    return this;
  }

  /** Points `key` to the next one; false where there is none. */
  next(): bool {
    while (this.at + 4 > this.page.size) {
      if (this.cursor === 0 || !this.read()) return false;
    }
    const start = this.page.pointer + this.at;
    this.key.point(start + 4, load<i32>(start));
    this.at += 4 + this.key.size;
    return true;
  }

  private read(): bool {
    const size = 8 + this.prefix.size;
    const question = allocate(size);
    store<u32>(question, this.cursor);
    store<u32>(question, PAGE_KEYS, 4);
    memory.copy(question + 8, this.prefix.pointer, this.prefix.size);
    const found = callForeign(this.name, question, size, this.page) === OK && this.page.size >= 4;
    if (!found) this.page.point(0, 0);
    this.cursor = found ? load<u32>(this.page.pointer) : 0;
    this.at = 4;
    return found;
  }
}
