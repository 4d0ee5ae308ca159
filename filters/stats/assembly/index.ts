import { enter, leave } from '@lateen/sdk/assembly/arena';
import { acceptConfig, configOf, forgetConfig } from './config';
import { countStream } from './stats';
import { closeState, openState, rootOf } from './stream-state';

export {
  proxy_abi_version_0_2_1,
  proxy_on_memory_allocate,
} from '@lateen/sdk/assembly/exports/module';

export function proxy_on_context_create(context: i32, parent: i32): void {
  if (parent !== 0) openState(context, parent);
}

export function proxy_on_configure(root: i32, size: i32): i32 {
  enter();
  const accepted = acceptConfig(root);
  leave();
  return accepted ? 1 : 0;
}

export function proxy_on_log(context: i32): void {
  enter();
  const config = configOf(rootOf(context));
  if (config !== null) countStream(config);
  leave();
}

export function proxy_on_delete(context: i32): void {
  closeState(context);
  forgetConfig(context);
}
