import { propertyInteger, propertyText } from './property-value';

/** The status; 0 before there is one. */
export function responseCode(): i64 {
  return propertyInteger('response\0code');
}

/** Why the host answered as it did. */
export function responseCodeDetails(): string | null {
  return propertyText('response\0code_details');
}

/** Bits of RESPONSE_FLAG_*. */
export function responseFlags(): i64 {
  return propertyInteger('response\0flags');
}

/** `response.grpc_status`. */
export function responseGrpcStatus(): i64 {
  return propertyInteger('response\0grpc_status');
}

/** Bytes of the body. */
export function responseSize(): i64 {
  return propertyInteger('response\0size');
}

/** Bytes with headers; once the stream is over. */
export function responseTotalSize(): i64 {
  return propertyInteger('response\0total_size');
}

/** `response.headers_bytes`. */
export function responseHeadersBytes(): i64 {
  return propertyInteger('response\0headers_bytes');
}

/** Nanoseconds from the last byte sent to the upstream to its first one. */
export function responseBackendLatency(): i64 {
  return propertyInteger('response\0backend_latency');
}
