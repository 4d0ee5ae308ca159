import { allocate } from '@lateen/sdk/assembly/arena';
import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { Field } from '@lateen/sdk/assembly/host/fields';
import { propertyField } from './fields';
import { Operator } from './operator';

const SPACE: u8 = 0x20;
const UNDERSCORE: u8 = 0x5f;

/** A reason in words: as Envoy does, blanks become underscores, so that it stays one field. */
export class DetailsOperator extends Operator {
  private readonly field: Field;

  constructor(path: string) {
    super();
    this.field = propertyField(path);
  }

  read(out: Bytes): bool {
    if (!this.field.read()) return false;
    out.take(this.field.value);
    if (out.size === 0) return false;
    if (out.indexOf(SPACE) >= 0) joinWords(out);
    return true;
  }
}

function joinWords(out: Bytes): void {
  const target = allocate(out.size);
  for (let i = 0; i < out.size; i++) {
    const byte = out.byte(i);
    store<u8>(target + i, byte === SPACE ? UNDERSCORE : byte);
  }
  out.pointer = target;
}
