import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { formatInteger } from '@lateen/sdk/assembly/bytes/integer';
import { Property, readProperty } from '@lateen/sdk/assembly/host/property';
import { Operator } from './operator';

const NANOS_PER_MS: i64 = 1000000;

/** A property that is an integer. */
export class NumberOperator extends Operator {
  private readonly path: Bytes;
  /** 1, or nanoseconds for a duration that is shown in milliseconds. */
  private readonly unit: i64;
  /** Shown as 0 where there is none. */
  private readonly zeroIfAbsent: bool;

  constructor(path: string, unit: i64 = 1, zeroIfAbsent: bool = false) {
    super();
    this.path = Property.of(path).path;
    this.unit = unit;
    this.zeroIfAbsent = zeroIfAbsent;
  }

  static milliseconds(path: string): Operator {
    return new NumberOperator(path, NANOS_PER_MS);
  }

  get isNumber(): bool {
    return true;
  }

  read(out: Bytes): bool {
    let value: i64 = 0;
    if (readProperty(this.path, out) && out.size === 8) value = load<i64>(out.pointer);
    else if (!this.zeroIfAbsent) return false;
    if (this.unit !== 1) value /= this.unit;
    formatInteger(value, out);
    return true;
  }
}
