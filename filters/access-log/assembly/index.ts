import { enter, leave } from '@lateen/sdk/assembly/arena';
import { logStream } from './access-log';
import { acceptLogger, forgetLogger } from './configurations';

export {
  proxy_abi_version_0_2_1,
  proxy_on_memory_allocate,
} from '@lateen/sdk/assembly/exports/module';

export function proxy_on_configure(root: i32, size: i32): i32 {
  enter();
  const accepted = acceptLogger(root);
  leave();
  return accepted ? 1 : 0;
}

export function lateen_on_stream_log(root: i32): void {
  enter();
  logStream(root);
  leave();
}

export function proxy_on_delete(root: i32): void {
  forgetLogger(root);
}
