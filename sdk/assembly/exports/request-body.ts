import { CONTINUE } from '../../abi/action';
import { enter, leave } from '../arena';
import { streamOf } from '../context/registry';

/** Export this to have `onRequestBody` called. */
export function proxy_on_request_body(id: i32, size: i32, end: i32): i32 {
  enter();
  const stream = streamOf(id);
  const action = stream === null ? CONTINUE : stream.onRequestBody(size, end !== 0);
  leave();
  return action;
}
