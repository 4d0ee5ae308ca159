import { Property } from '@lateen/sdk/assembly/host/property';
import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { LogFilter } from './log-filter';

/** `status_code_filter` and `duration_filter`; a stream without the number compares as 0. */
export class ComparisonFilter extends LogFilter {
  private readonly property: Property;
  private readonly unit: i64;
  private readonly op: string;
  private readonly value: i64;

  /** A message with a `comparison`; the property is divided by `unit` first. */
  constructor(property: string, unit: i64, reader: JsonReader) {
    super();
    this.property = Property.of(property);
    this.unit = unit;
    const comparison = reader.child('comparison');
    this.op = comparison.text('op', 'EQ');
    const value = comparison.child('value');
    this.value = value.integer('defaultValue');
    value.warn(['runtimeKey']);
    value.refuseUnread();
    if (this.op !== 'EQ' && this.op !== 'GE' && this.op !== 'LE') {
      comparison.complain('op', 'is not supported: ' + this.op);
    }
    comparison.refuseUnread();
    reader.refuseUnread();
  }

  passes(): bool {
    const actual = this.property.integer() / this.unit;
    if (this.op === 'GE') return actual >= this.value;
    return this.op === 'LE' ? actual <= this.value : actual === this.value;
  }
}
