import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { Field } from '@lateen/sdk/assembly/host/fields';
import { now } from '@lateen/sdk/assembly/host/stream';
import { TimeFormat } from '../time/time-format';
import { propertyField } from './fields';
import { Operator } from './operator';

const DEFAULT_FORMAT = '%Y-%m-%dT%H:%M:%E3SZ';

/** `START_TIME(format)` and `EMIT_TIME(format)`, in UTC. */
export class TimeOperator extends Operator {
  private readonly format: TimeFormat;
  /** Null: the time is now. */
  private readonly start: Field | null;

  private constructor(format: TimeFormat, isStart: bool) {
    super();
    this.format = format;
    this.start = isStart ? propertyField('request.time') : null;
  }

  /** Null where the format has a specifier that is not supported. */
  static of(format: string, isStart: bool): Operator | null {
    const compiled = TimeFormat.compile(format.length === 0 ? DEFAULT_FORMAT : format);
    return compiled === null ? null : new TimeOperator(compiled, isStart);
  }

  read(out: Bytes): bool {
    const start = this.start;
    const time = start === null ? <i64>now() : start.integer();
    if (time <= 0) return false;
    this.format.format(time, out);
    return true;
  }
}
