import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { Operator } from './operator';

/** The same for all streams; empty: no value. */
export class ConstantOperator extends Operator {
  private readonly text: Bytes;

  constructor(text: string) {
    super();
    this.text = Bytes.of(text);
  }

  read(out: Bytes): bool {
    out.take(this.text);
    return this.text.size > 0;
  }
}
