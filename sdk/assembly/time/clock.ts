import { now } from '../host/stream';

/** Milliseconds since 1970, by the host's clock. */
export function nowMs(): i64 {
  return <i64>(now() / 1000000);
}

/** Seconds since 1970, by the host's clock. */
export function nowSeconds(): i64 {
  return <i64>(now() / 1000000000);
}
