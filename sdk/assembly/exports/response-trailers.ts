import { CONTINUE } from '../../abi/action';
import { enter, leave } from '../arena';
import { streamOf } from '../context/registry';

/** Export this to have `onResponseTrailers` called. */
export function proxy_on_response_trailers(id: i32, count: i32): i32 {
  enter();
  const stream = streamOf(id);
  const action = stream === null ? CONTINUE : stream.onResponseTrailers(count);
  leave();
  return action;
}
