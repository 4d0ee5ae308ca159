import {
  FN_AUTO_HOST_REWRITE,
  FN_CLEAR_ROUTE_CACHE,
  FN_SET_RESPONSE_FLAGS,
  FN_SET_TIMER,
  FN_STREAM_RANDOM,
} from '../../abi/extensions';
import { OK } from '../../abi/status';
import { allocate } from '../arena';
import { Bytes } from '../bytes/bytes';
import { callForeign } from './foreign';

/** Lateen's additions for streams; on other hosts they answer false or 0 and change nothing. */

const SET_FLAGS = Bytes.of(FN_SET_RESPONSE_FLAGS);
const SET_TIMER = Bytes.of(FN_SET_TIMER);
const RANDOM = Bytes.of(FN_STREAM_RANDOM);
const CLEAR_ROUTE = Bytes.of(FN_CLEAR_ROUTE_CACHE);
const AUTO_HOST = Bytes.of(FN_AUTO_HOST_REWRITE);
const answer = new Bytes();

/** Calls the stream's `onTimer` once. */
export function setStreamTimer(milliseconds: u32): bool {
  return callWithNumber(SET_TIMER, milliseconds);
}

/** Adds response flags (RESPONSE_FLAG_* of sdk/abi/extensions.ts) to the stream's. */
export function setResponseFlags(bits: u32): bool {
  return callWithNumber(SET_FLAGS, bits);
}

/** The stream's random value, the same each time within one stream. */
export function streamRandom(): u64 {
  if (callForeign(RANDOM, 0, 0, answer) !== OK || answer.size !== 8) return 0;
  return load<u64>(answer.pointer);
}

/** Has the route selected again before the request goes on. Envoy has it too. */
export function clearRouteCache(): bool {
  return callForeign(CLEAR_ROUTE, 0, 0, answer) === OK;
}

/** Each attempt goes out with the name of the host that was chosen as its `:authority`. */
export function rewriteHostPerAttempt(): bool {
  return callForeign(AUTO_HOST, 0, 0, answer) === OK;
}

function callWithNumber(name: Bytes, value: u32): bool {
  const argument = allocate(4);
  store<u32>(argument, value);
  return callForeign(name, argument, 4, answer) === OK;
}
