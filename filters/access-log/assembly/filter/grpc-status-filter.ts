import { Property } from '@lateen/sdk/assembly/host/property';
import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { LogFilter } from './log-filter';

const STATUS = Property.of('response.grpc_status');
const HTTP_STATUS = Property.of('response.code');

const NAMES: string[] = [
  'OK',
  'CANCELED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
];
const UNKNOWN: i64 = 2;

/** `grpc_status_filter`: one of these statuses, or none of them. */
export class GrpcStatusFilter extends LogFilter {
  private readonly exclude: bool;
  /** A bit for each status. */
  private wanted: u32 = 0;

  constructor(reader: JsonReader) {
    super();
    this.exclude = reader.flag('exclude');
    const names = reader.texts('statuses');
    for (let i = 0; i < names.length; i++) {
      const status = NAMES.indexOf(names[i]);
      if (status < 0) reader.complain('statuses', 'has an unknown status: ' + names[i]);
      else this.wanted |= 1 << status;
    }
    reader.refuseUnread();
  }

  passes(): bool {
    const status = STATUS.integer(statusOfHttp(HTTP_STATUS.integer()));
    const has = status <= 16 && (this.wanted & (1 << (<u32>status))) !== 0;
    return has !== this.exclude;
  }
}

/** What a gRPC client makes of an answer without a gRPC status (gRPC's http-grpc-status-mapping). */
function statusOfHttp(status: i64): i64 {
  if (status === 200) return 0;
  if (status === 400) return 13;
  if (status === 401) return 16;
  if (status === 403) return 7;
  if (status === 404) return 12;
  return status === 429 || (status >= 502 && status <= 504) ? 14 : UNKNOWN;
}
