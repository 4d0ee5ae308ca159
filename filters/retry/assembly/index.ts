import { enter, leave } from '@lateen/sdk/assembly/arena';
import { acceptPolicy, forgetPolicy } from './policy';
import { choosePolicy, judgeAttempt } from './retry';
import { closeState } from './stream-state';

export {
  proxy_abi_version_0_2_1,
  proxy_on_memory_allocate,
} from '@lateen/sdk/assembly/exports/module';

export function lateen_on_config(root: i32, config: i32, size: i32): i32 {
  enter();
  const accepted = acceptPolicy(config);
  leave();
  return accepted ? 1 : 0;
}

export function lateen_on_config_delete(root: i32, config: i32): void {
  enter();
  forgetPolicy(config);
  leave();
}

export function lateen_on_route_config(context: i32, config: i32): void {
  enter();
  choosePolicy(context, config);
  leave();
}

export function lateen_on_attempt(context: i32, attempt: i32, outcome: i32): usize {
  enter();
  const wish = judgeAttempt(context, attempt, outcome);
  leave();
  return wish;
}

export function proxy_on_delete(context: i32): void {
  enter();
  closeState(context);
  leave();
}
