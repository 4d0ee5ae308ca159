import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';

/** What a `%NAME%` stands for. */
export class Operator {
  /** JSON shows it without quotes. */
  get isNumber(): bool {
    return false;
  }

  /** Points `out` to the value's text, valid until the next operator is read; false: no value. */
  read(out: Bytes): bool {
    return false;
  }
}
