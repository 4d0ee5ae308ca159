import { enter, leave } from '../arena';
import { rootOf } from '../context/registry';

/** Export this to have a root context's `onQueueReady` called. */
export function proxy_on_queue_ready(root: i32, queue: i32): void {
  enter();
  const context = rootOf(root);
  if (context !== null) context.onQueueReady(queue);
  leave();
}
