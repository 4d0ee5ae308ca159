import { enter, leave } from '../arena';
import { streamOf } from '../context/registry';

/** Export this to have a stream's `onTimer` called (Lateen only). */
export function lateen_on_timer(id: i32): void {
  enter();
  const stream = streamOf(id);
  if (stream !== null) stream.onTimer();
  leave();
}
