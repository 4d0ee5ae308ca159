import { propertyInteger, propertyText } from './property-value';

/** Path and query. */
export function requestPath(): string | null {
  return propertyText('request\0path');
}

/** Path without the query. */
export function requestUrlPath(): string | null {
  return propertyText('request\0url_path');
}

/** Query without `?`. */
export function requestQuery(): string | null {
  return propertyText('request\0query');
}

/** The `host` header or `:authority`. */
export function requestHost(): string | null {
  return propertyText('request\0host');
}

/** `request.scheme`. */
export function requestScheme(): string | null {
  return propertyText('request\0scheme');
}

/** `request.method`. */
export function requestMethod(): string | null {
  return propertyText('request\0method');
}

/** `request.referer`. */
export function requestReferer(): string | null {
  return propertyText('request\0referer');
}

/** `request.useragent`. */
export function requestUseragent(): string | null {
  return propertyText('request\0useragent');
}

/** `x-request-id`. */
export function requestId(): string | null {
  return propertyText('request\0id');
}

/** `HTTP/1.0`, `HTTP/1.1` or `HTTP/2`. */
export function requestProtocol(): string | null {
  return propertyText('request\0protocol');
}

/** When its first byte came, in nanoseconds since 1970. */
export function requestTime(): i64 {
  return propertyInteger('request\0time');
}

/** Nanoseconds from the first byte to the end of the stream; once it is over. */
export function requestDuration(): i64 {
  return propertyInteger('request\0duration');
}

/** Bytes of the body. */
export function requestSize(): i64 {
  return propertyInteger('request\0size');
}

/** Bytes with headers; once the stream is over. */
export function requestTotalSize(): i64 {
  return propertyInteger('request\0total_size');
}

/** `request.headers_bytes`. */
export function requestHeadersBytes(): i64 {
  return propertyInteger('request\0headers_bytes');
}
