import { CONTINUE } from '../../abi/action';
import { enter, leave } from '../arena';
import { streamOf } from '../context/registry';

/** Export this to have `onResponseBody` called. */
export function proxy_on_response_body(id: i32, size: i32, end: i32): i32 {
  enter();
  const stream = streamOf(id);
  const action = stream === null ? CONTINUE : stream.onResponseBody(size, end !== 0);
  leave();
  return action;
}
