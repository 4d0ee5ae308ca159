import { enter, leave } from '../arena';
import { dispatchHttpCall } from '../context/http-call';

/** Export this to have answers to `httpCall` delivered. */
export function proxy_on_http_call_response(
  root: i32,
  call: i32,
  headers: i32,
  body: i32,
  trailers: i32,
): void {
  enter();
  dispatchHttpCall(call, headers, body, trailers);
  leave();
}
