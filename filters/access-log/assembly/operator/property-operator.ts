import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { Property, readProperty } from '@lateen/sdk/assembly/host/property';
import { Operator } from './operator';

/** A property that is a text. */
export class PropertyOperator extends Operator {
  private readonly path: Bytes;

  constructor(path: Array<string>) {
    super();
    this.path = Property.segments(path).path;
  }

  static of(path: string): Operator {
    return new PropertyOperator(path.split('.'));
  }

  read(out: Bytes): bool {
    return readProperty(this.path, out) && out.size > 0;
  }
}
