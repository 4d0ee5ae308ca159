import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { Rule } from './rule';
import { StreamProperty } from './stream-property';

const PORT = new StreamProperty('destination.port');

/** `destination_port`, `destination_port_range`: the port where the connection came in. */
export class PortRule extends Rule {
  private readonly start: i64;
  private readonly end: i64;

  private constructor(start: i64, end: i64) {
    super();
    this.start = start;
    this.end = end;
  }

  static one(port: i64): Rule {
    return new PortRule(port, port + 1);
  }

  /** Int32Range; the end is not part of it. */
  static read(reader: JsonReader): Rule {
    const rule = new PortRule(reader.integer('start'), reader.integer('end'));
    if (rule.start >= rule.end) reader.complain('end', 'must be above start');
    reader.refuseUnread();
    return rule;
  }

  matches(wide: bool): bool {
    if (!PORT.read() || PORT.value.size !== 8) return wide;
    const port = load<i64>(PORT.value.pointer);
    return port >= this.start && port < this.end;
  }
}
