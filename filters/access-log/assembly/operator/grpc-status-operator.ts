import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { formatInteger } from '@lateen/sdk/assembly/bytes/integer';
import { Field } from '@lateen/sdk/assembly/host/fields';
import { propertyField } from './fields';
import { Operator } from './operator';

const NO_STATUS: i64 = -1;

const CAMEL: string[] = [
  'OK',
  'Canceled',
  'Unknown',
  'InvalidArgument',
  'DeadlineExceeded',
  'NotFound',
  'AlreadyExists',
  'PermissionDenied',
  'ResourceExhausted',
  'FailedPrecondition',
  'Aborted',
  'OutOfRange',
  'Unimplemented',
  'Internal',
  'Unavailable',
  'DataLoss',
  'Unauthenticated',
];

/** `GRPC_STATUS(CAMEL_STRING)`, `(SNAKE_STRING)`, `(NUMBER)`. */
export class GrpcStatusOperator extends Operator {
  private readonly names: Array<Bytes> = [] as Bytes[];
  private readonly status: Field = propertyField('response.grpc_status');

  private constructor(snake: bool) {
    super();
    for (let i = 0; i < CAMEL.length; i++) {
      this.names.push(Bytes.of(snake ? snakeCase(CAMEL[i]) : CAMEL[i]));
    }
  }

  static of(form: string): Operator | null {
    if (form.length === 0 || form === 'CAMEL_STRING') return new GrpcStatusOperator(false);
    return form === 'SNAKE_STRING' ? new GrpcStatusOperator(true) : null;
  }

  read(out: Bytes): bool {
    const status = this.status.integer(NO_STATUS);
    if (status === NO_STATUS) return false;
    if (status < this.names.length) out.take(unchecked(this.names[<i32>status]));
    else formatInteger(status, out);
    return true;
  }
}

/** `NotFound` -> `NOT_FOUND` */
function snakeCase(name: string): string {
  if (name === 'OK') return name;
  let text = '';
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i);
    const isUpper = unit <= 0x5a;
    if (isUpper && i > 0) text += '_';
    text += String.fromCharCode(isUpper ? unit : unit & 0x5f);
  }
  return text;
}
