import { FN_HEADER_VALUES } from '../../abi/extensions';
import { OK } from '../../abi/status';
import { allocate } from '../arena';
import { Bytes } from '../bytes/bytes';
import { proxy_get_header_map_pairs } from '../env';
import { callForeign } from './foreign';
import { OUT, OUT_SIZE } from './out';
import { PairReader } from './pairs';

/** Made when first used: a filter that asks for no repeated header carries nothing of this. */
let functionName: Bytes | null = null;

/** A walk over the values of one header, in order. Works on hosts without Lateen's function too. */
export class HeaderValues {
  readonly value: Bytes = new Bytes();
  private readonly answer: Bytes = new Bytes();
  private readonly pairs: PairReader = new PairReader();
  private filter: Bytes | null = null;

  open(map: i32, name: Bytes): void {
    let lateen = functionName;
    if (lateen === null) functionName = lateen = Bytes.of(FN_HEADER_VALUES);
    const question = allocate(4 + name.size);
    store<u32>(question, map);
    memory.copy(question + 4, name.pointer, name.size);
    this.filter = null;
    if (callForeign(lateen, question, 4 + name.size, this.answer) !== OK) {
      this.filter = name;
      store<u64>(OUT, 0);
      proxy_get_header_map_pairs(map, OUT, OUT_SIZE);
      this.answer.point(load<usize>(OUT), load<i32>(OUT_SIZE));
    }
    this.rewind();
  }

  /** Starts again at the first value. */
  rewind(): void {
    this.pairs.open(this.answer.pointer, this.answer.size);
  }

  next(): bool {
    const filter = this.filter;
    while (this.pairs.next()) {
      if (filter !== null && !filter.equals(this.pairs.name)) continue;
      this.value.take(this.pairs.value);
      return true;
    }
    return false;
  }
}
