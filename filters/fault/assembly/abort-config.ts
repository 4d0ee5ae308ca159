import { REQUEST_HEADERS } from '@lateen/sdk/abi/maps';
import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { parsedInteger, parseInteger } from '@lateen/sdk/assembly/bytes/integer';
import { readHeader } from '@lateen/sdk/assembly/host/headers';
import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { Fraction } from '@lateen/sdk/assembly/match/fraction';
import { headerFraction, readPercentage } from './percentage';

const HTTP_REQUEST = Bytes.of('x-envoy-fault-abort-request');
const GRPC_REQUEST = Bytes.of('x-envoy-fault-abort-grpc-request');
const PERCENTAGE = Bytes.of('x-envoy-fault-abort-request-percentage');
const STATUS_MIN = 200;
const STATUS_MAX = 599;
const GRPC_MAX = 16;
const NO_GRPC = -1;
const value = new Bytes();

/** HTTP statuses of the gRPC ones, as Envoy maps them. */
const HTTP_OF_GRPC: StaticArray<i32> = [
  200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401,
];

/** `FaultAbort`: what a request is answered with, and how many are. */
export class AbortConfig {
  private readonly httpStatus: i32;
  private readonly grpcStatus: i32;
  private readonly byHeader: bool;
  private readonly percentage: Fraction;
  /** The answer that `picks` has chosen; -1 = no gRPC status. */
  status: i32 = 0;
  grpc: i32 = NO_GRPC;

  constructor(reader: JsonReader) {
    this.httpStatus = <i32>reader.integer('httpStatus');
    this.grpcStatus = reader.has('grpcStatus') ? <i32>reader.integer('grpcStatus') : NO_GRPC;
    this.byHeader = reader.has('headerAbort');
    reader.ignore(['headerAbort']);
    this.percentage = readPercentage(reader);
    const grpc = this.grpcStatus !== NO_GRPC;
    if (!this.byHeader && !grpc && !isStatus(this.httpStatus)) {
      reader.complain('httpStatus', 'must be from 200 to 599');
    }
    if (grpc && !isGrpc(this.grpcStatus)) reader.complain('grpcStatus', 'must be from 0 to 16');
    reader.refuseUnread();
  }

  /** Whether this request is answered by the fault; then `status` and `grpc` say how. */
  picks(random: u64): bool {
    this.status = this.httpStatus;
    this.grpc = this.grpcStatus;
    if (this.byHeader && !this.readHeaders()) return false;
    if (this.grpc !== NO_GRPC) this.status = unchecked(HTTP_OF_GRPC[this.grpc]);
    const percentage = this.byHeader
      ? headerFraction(PERCENTAGE, this.percentage)
      : this.percentage;
    return percentage.picks(random);
  }

  private readHeaders(): bool {
    if (readHeader(REQUEST_HEADERS, HTTP_REQUEST, value) && parseInteger(value)) {
      this.status = <i32>parsedInteger;
      this.grpc = NO_GRPC;
      return isStatus(this.status);
    }
    if (!readHeader(REQUEST_HEADERS, GRPC_REQUEST, value) || !parseInteger(value)) return false;
    this.grpc = <i32>parsedInteger;
    return isGrpc(this.grpc);
  }
}

function isStatus(status: i32): bool {
  return status >= STATUS_MIN && status <= STATUS_MAX;
}

function isGrpc(status: i32): bool {
  return status >= 0 && status <= GRPC_MAX;
}
