import { enter, leave } from '@lateen/sdk/assembly/arena';
import { acceptRoot, acceptScoped, forgetRoot, forgetScoped } from './configurations';
import { authorize } from './rbac';
import { closeState, openState, setRouteConfig } from './stream-state';

export {
  proxy_abi_version_0_2_1,
  proxy_on_memory_allocate,
} from '@lateen/sdk/assembly/exports/module';

export function proxy_on_context_create(context: i32, parent: i32): void {
  enter();
  if (parent !== 0) openState(context, parent);
  leave();
}

export function proxy_on_configure(root: i32, size: i32): i32 {
  enter();
  const accepted = acceptRoot(root);
  leave();
  return accepted ? 1 : 0;
}

export function lateen_on_config(root: i32, config: i32, size: i32): i32 {
  enter();
  const accepted = acceptScoped(config);
  leave();
  return accepted ? 1 : 0;
}

export function lateen_on_config_delete(root: i32, config: i32): void {
  enter();
  forgetScoped(config);
  leave();
}

export function lateen_on_route_config(context: i32, config: i32): void {
  setRouteConfig(context, config);
}

export function proxy_on_request_headers(context: i32, count: i32, end: i32): i32 {
  enter();
  const action = authorize(context);
  leave();
  return action;
}

export function proxy_on_delete(context: i32): void {
  enter();
  closeState(context);
  forgetRoot(context);
  leave();
}
