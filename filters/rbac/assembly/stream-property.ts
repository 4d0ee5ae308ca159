import { epoch } from '@lateen/sdk/assembly/arena';
import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { Property } from '@lateen/sdk/assembly/host/property';

/** A property of the stream, read once per callback however many rules ask. */
export class StreamProperty {
  private readonly property: Property;
  private found: bool = false;
  private readAt: u32 = 0;

  constructor(path: string) {
    this.property = Property.of(path);
  }

  get value(): Bytes {
    return this.property.value;
  }

  /** False, and an empty value, where there is none. */
  read(): bool {
    if (this.readAt !== epoch) {
      this.readAt = epoch;
      this.found = this.property.read();
    }
    return this.found;
  }
}
