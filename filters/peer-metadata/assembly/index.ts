import { enter, leave } from '@lateen/sdk/assembly/arena';
import { acceptConfig, configOf, forgetConfig } from './config';
import { exchangeOnRequest, exchangeOnResponse } from './peer-metadata';
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

export function proxy_on_request_headers(context: i32, count: i32, end: i32): i32 {
  enter();
  const config = configOf(rootOf(context));
  if (config !== null) exchangeOnRequest(context, config);
  leave();
  return 0;
}

export function proxy_on_response_headers(context: i32, count: i32, end: i32): i32 {
  enter();
  const config = configOf(rootOf(context));
  if (config !== null) exchangeOnResponse(context, config);
  leave();
  return 0;
}

export function proxy_on_delete(context: i32): void {
  closeState(context);
  forgetConfig(context);
}
