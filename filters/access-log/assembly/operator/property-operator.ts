import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { Field } from '@lateen/sdk/assembly/host/fields';
import { segmentsField } from './fields';
import { Operator } from './operator';

/** A property that is a text. */
export class PropertyOperator extends Operator {
  private readonly field: Field;

  constructor(path: Array<string>) {
    super();
    this.field = segmentsField(path);
  }

  static of(path: string): Operator {
    return new PropertyOperator(path.split('.'));
  }

  read(out: Bytes): bool {
    if (!this.field.read()) return false;
    out.take(this.field.value);
    return out.size > 0;
  }
}
