import { Property } from '@lateen/sdk/assembly/host/property';
import { Rule } from './rule';

const NO_PORT: i64 = -1;
const PORT = Property.of('destination.port');

/** The port that the client connected to, from `start` up to but not including `end`. */
export class PortRule extends Rule {
  private readonly start: i64;
  private readonly end: i64;

  constructor(start: i64, end: i64) {
    super();
    this.start = start;
    this.end = end;
  }

  matches(broadly: bool): bool {
    const port = PORT.integer(NO_PORT);
    return port === NO_PORT ? broadly : port >= this.start && port < this.end;
  }
}
