import { SELECTION_UNSET } from '@lateen/sdk/abi/extensions';
import { REQUEST_HEADERS } from '@lateen/sdk/abi/maps';
import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { parsedInteger, parseInteger } from '@lateen/sdk/assembly/bytes/integer';
import { readHeader } from '@lateen/sdk/assembly/host/headers';
import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { request, UPSTREAM_TIMEOUT } from './request';

const DEFAULT_TIMEOUT_MS = 15000;
const UNSET = -1;
const EXPECTED_TIMEOUT = Bytes.of('x-envoy-expected-rq-timeout-ms');
const GRPC_TIMEOUT = Bytes.of('grpc-timeout');
const value = new Bytes();

/** Whether the request, for which `total` was asked last, brings a limit of its own. */
export let clientLimits: bool = false;

/** How long a route's requests may take, in milliseconds; 0 = without end. */
export class RouteTimeouts {
  private readonly timeout: i64;
  readonly idle: u32;
  private readonly maxDuration: i64;
  /** -1 = the header is not looked at, 0 = it has no upper bound. */
  private readonly grpcMax: i64;
  private readonly grpcOffset: i64;
  private readonly grpcTimeoutMax: i64;

  constructor(reader: JsonReader) {
    this.timeout = reader.durationMs('timeout', DEFAULT_TIMEOUT_MS);
    const idle = reader.durationMs('idleTimeout', UNSET);
    this.idle = idle < 0 ? <u32>SELECTION_UNSET : <u32>idle;
    this.grpcTimeoutMax = reader.durationMs('maxGrpcTimeout', UNSET);
    reader.durationMs('grpcTimeoutOffset');
    const duration = reader.child('maxStreamDuration');
    this.maxDuration = duration.durationMs('maxStreamDuration');
    this.grpcMax = duration.durationMs('grpcTimeoutHeaderMax', UNSET);
    this.grpcOffset = duration.durationMs('grpcTimeoutHeaderOffset');
    duration.refuseUnread();
  }

  /** The request's own limit: a header of the client may set it. `expected`: of the proxy before. */
  total(expected: bool): u32 {
    clientLimits = UPSTREAM_TIMEOUT.read();
    const limited = clientLimits && isTime(UPSTREAM_TIMEOUT.value);
    const limit = <u32>parsedInteger;
    if (expected && readHeader(REQUEST_HEADERS, EXPECTED_TIMEOUT, value) && isTime(value)) {
      return <u32>parsedInteger;
    }
    if (limited) return limit;
    if (this.grpcTimeoutMax >= 0 && request.isGrpc()) {
      const asked = grpcTimeout();
      if (asked >= 0) return <u32>atMost(asked, this.grpcTimeoutMax);
    }
    return <u32>this.timeout;
  }

  duration(): u32 {
    if (this.grpcMax < 0 || !request.isGrpc()) return <u32>this.maxDuration;
    const wanted = grpcTimeout();
    if (wanted < 0) return <u32>this.maxDuration;
    const limited = atMost(wanted, this.grpcMax);
    return <u32>(limited > this.grpcOffset ? limited - this.grpcOffset : limited);
  }
}

function isTime(text: Bytes): bool {
  return parseInteger(text) && parsedInteger >= 0 && parsedInteger < <i64>u32.MAX_VALUE;
}

/** Of two limits the smaller one, where 0 stands for none. */
function atMost(wanted: i64, limit: i64): i64 {
  if (limit === 0) return wanted;
  return wanted === 0 ? limit : min(wanted, limit);
}

/** Milliseconds of `grpc-timeout` (at most 8 digits and a unit), or -1. */
function grpcTimeout(): i64 {
  if (!readHeader(REQUEST_HEADERS, GRPC_TIMEOUT, value)) return UNSET;
  if (value.size < 2 || value.size > 9) return UNSET;
  const unit = value.byte(value.size - 1);
  value.size--;
  if (!parseInteger(value) || parsedInteger < 0) return UNSET;
  const amount = parsedInteger;
  if (unit === 0x48) return amount * 3600000;
  if (unit === 0x4d) return amount * 60000;
  if (unit === 0x53) return amount * 1000;
  if (unit === 0x6d) return amount;
  if (unit === 0x75) return (amount + 999) / 1000;
  return unit === 0x6e ? (amount + 999999) / 1000000 : UNSET;
}
