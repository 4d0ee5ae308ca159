import { enter, leave } from '@lateen/sdk/assembly/arena';
import { acceptConfig, configOf, forgetConfig } from './config';
import { countStream } from './stats';

export {
  proxy_abi_version_0_2_1,
  proxy_on_memory_allocate,
} from '@lateen/sdk/assembly/exports/module';

export function proxy_on_configure(root: i32, size: i32): i32 {
  enter();
  const accepted = acceptConfig(root);
  leave();
  return accepted ? 1 : 0;
}

export function lateen_on_stream_log(root: i32): void {
  enter();
  const config = configOf(root);
  if (config !== null) countStream(config);
  leave();
}

export function proxy_on_delete(root: i32): void {
  forgetConfig(root);
}
