import { HTTP_CALL_RESPONSE_BODY } from '../../abi/buffers';
import { HTTP_CALL_RESPONSE_HEADERS, HTTP_CALL_RESPONSE_TRAILERS } from '../../abi/maps';
import { OK } from '../../abi/status';
import { IdMap } from '../bytes/id-map';
import { utf8, utf8Size } from '../bytes/text';
import { proxy_http_call } from '../env';
import { Body } from '../host/body';
import { HeaderMap } from '../host/header-map';
import { OUT } from '../host/out';
import { encodePairs, pairsSize } from '../host/pairs';
import { actOn } from '../host/stream';

/** Hears the answer to one HTTP call. Make a subclass that holds what you need to go on. */
export class HttpCallHandler {
  /** The context that made the call; host calls in `onResponse` act on it. */
  context: i32 = 0;

  /**
   * The answer is in `callHeaders`, `callBody` and `callTrailers`. `headerCount` 0: it failed.
   * To let a held request go on, call `continueRequest`.
   */
  onResponse(headerCount: i32, bodySize: i32, trailerCount: i32): void {}
}

/** Valid inside `onResponse`. */
export const callHeaders = new HeaderMap(HTTP_CALL_RESPONSE_HEADERS);
/** The answer's trailers, inside `onResponse`. */
export const callTrailers = new HeaderMap(HTTP_CALL_RESPONSE_TRAILERS);
/** The answer's body, inside `onResponse`. */
export const callBody = new Body(HTTP_CALL_RESPONSE_BODY);

const pending = new IdMap<HttpCallHandler | null>();

/**
 * Sends a request to a cluster. `headers` are names and values by turns and hold `:method`,
 * `:path` and `:authority`. `context` is the stream (or root) that asks. False where the host
 * refuses, for instance because it has no such cluster.
 */
export function httpCall(
  context: i32,
  cluster: string,
  headers: Array<string>,
  body: string,
  timeoutMs: u32,
  handler: HttpCallHandler,
): bool {
  const name = utf8(cluster);
  const nameSize = utf8Size;
  const text = utf8(body);
  const textSize = utf8Size;
  const pairs = encodePairs(headers);
  const status = proxy_http_call(
    name,
    nameSize,
    pairs,
    pairsSize,
    text,
    textSize,
    0,
    0,
    timeoutMs,
    OUT,
  );
  if (status !== OK) return false;
  handler.context = context;
  pending.set(load<i32>(OUT), handler);
  return true;
}

/** Hands an answer to its handler; unknown ones (of a stream that is gone) are dropped. */
export function dispatchHttpCall(call: i32, headers: i32, body: i32, trailers: i32): void {
  const handler = pending.get(call, null);
  if (handler === null) return;
  pending.remove(call);
  if (handler.context !== 0) actOn(handler.context);
  handler.onResponse(headers, body, trailers);
}
