import { STREAM_HTTP_REQUEST, STREAM_HTTP_RESPONSE } from '../../abi/buffers';
import { OK } from '../../abi/status';
import {
  proxy_close_stream,
  proxy_continue_stream,
  proxy_get_current_time_nanoseconds,
  proxy_set_effective_context,
  proxy_set_tick_period_milliseconds,
} from '../env';
import { OUT } from './out';

/** Lets go of a request that a callback held by PAUSE. */
export function continueRequest(): bool {
  return proxy_continue_stream(STREAM_HTTP_REQUEST) === OK;
}

/** Lets go of a response that a callback held by PAUSE. */
export function continueResponse(): bool {
  return proxy_continue_stream(STREAM_HTTP_RESPONSE) === OK;
}

/** Resets the stream. */
export function closeStream(): bool {
  return proxy_close_stream(STREAM_HTTP_REQUEST) === OK;
}

/** Wall clock in nanoseconds since 1970. */
export function now(): u64 {
  return proxy_get_current_time_nanoseconds(OUT) === OK ? load<u64>(OUT) : 0;
}

/** Calls `onTick` of the root context again and again; 0 stops it. */
export function setTickPeriod(milliseconds: u32): void {
  proxy_set_tick_period_milliseconds(milliseconds);
}

/** Host calls that follow act on this stream (or root) instead of the one called back. */
export function actOn(context: i32): bool {
  return proxy_set_effective_context(context) === OK;
}
