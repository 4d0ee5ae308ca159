import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { formatInteger } from '@lateen/sdk/assembly/bytes/integer';
import { Field } from '@lateen/sdk/assembly/host/fields';
import { propertyField } from './fields';
import { Operator } from './operator';

const NANOS_PER_MS: i64 = 1000000;

/** A property that is an integer. */
export class NumberOperator extends Operator {
  private readonly field: Field;
  /** 1, or nanoseconds for a duration that is shown in milliseconds. */
  private readonly unit: i64;
  /** Shown as 0 where there is none. */
  private readonly zeroIfAbsent: bool;

  constructor(path: string, unit: i64 = 1, zeroIfAbsent: bool = false) {
    super();
    this.field = propertyField(path);
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
    const field = this.field;
    if (field.read() && field.value.size === 8) value = load<i64>(field.value.pointer);
    else if (!this.zeroIfAbsent) return false;
    if (this.unit !== 1) value /= this.unit;
    formatInteger(value, out);
    return true;
  }
}
