import { enter, leave } from '../arena';
import { rootOf } from '../context/registry';

/** Export this to have a root context's `onTick` called. */
export function proxy_on_tick(root: i32): void {
  enter();
  const context = rootOf(root);
  if (context !== null) context.onTick();
  leave();
}
