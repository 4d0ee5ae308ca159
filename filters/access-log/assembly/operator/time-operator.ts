import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { Property } from '@lateen/sdk/assembly/host/property';
import { now } from '@lateen/sdk/assembly/host/stream';
import { TimeFormat } from '../time/time-format';
import { Operator } from './operator';

const DEFAULT_FORMAT = '%Y-%m-%dT%H:%M:%E3SZ';
const START = Property.of('request.time');

/** `START_TIME(format)` and `EMIT_TIME(format)`, in UTC. */
export class TimeOperator extends Operator {
  private readonly format: TimeFormat;
  private readonly isStart: bool;

  private constructor(format: TimeFormat, isStart: bool) {
    super();
    this.format = format;
    this.isStart = isStart;
  }

  /** Null where the format has a specifier that is not supported. */
  static of(format: string, isStart: bool): Operator | null {
    const compiled = TimeFormat.compile(format.length === 0 ? DEFAULT_FORMAT : format);
    return compiled === null ? null : new TimeOperator(compiled, isStart);
  }

  read(out: Bytes): bool {
    const time = this.isStart ? START.integer() : <i64>now();
    if (time <= 0) return false;
    this.format.format(time, out);
    return true;
  }
}
