import { enter, leave } from '../arena';
import { streamOf } from '../context/registry';

/** Export this to have `onLog` called. */
export function proxy_on_log(id: i32): void {
  enter();
  const stream = streamOf(id);
  if (stream !== null) stream.onLog();
  leave();
}
