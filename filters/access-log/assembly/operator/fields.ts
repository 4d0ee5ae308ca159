import { Field, FieldSet } from '@lateen/sdk/assembly/host/fields';

/** What the operators of the format that is being made will want of each stream. */
let fields = new FieldSet();

/** Operators made from now on belong to another format. */
export function beginFields(): void {
  fields = new FieldSet();
}

/** Segments separated by dots. */
export function propertyField(path: string): Field {
  return fields.property(path);
}

export function segmentsField(segments: Array<string>): Field {
  return fields.segments(segments);
}

/** The first value; the name in lower case. */
export function headerField(map: i32, name: string): Field {
  return fields.header(map, name);
}
