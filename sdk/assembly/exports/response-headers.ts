import { CONTINUE } from '../../abi/action';
import { enter, leave } from '../arena';
import { streamOf } from '../context/registry';

/** Export this to have `onResponseHeaders` called. */
export function proxy_on_response_headers(id: i32, count: i32, end: i32): i32 {
  enter();
  const stream = streamOf(id);
  const action = stream === null ? CONTINUE : stream.onResponseHeaders(count, end !== 0);
  leave();
  return action;
}
