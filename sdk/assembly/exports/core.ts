import { enter, leave } from '../arena';
import { createContext, deleteContext, rootOf } from '../context/registry';

export { proxy_abi_version_0_2_1, proxy_on_memory_allocate } from './module';

/** The life of contexts: every filter written with RootContext and HttpContext exports these. */
export function proxy_on_context_create(id: i32, parent: i32): void {
  enter();
  createContext(id, parent);
  leave();
}

export function proxy_on_configure(root: i32, size: i32): i32 {
  enter();
  const context = rootOf(root);
  const accepted = context === null || context.onConfigure(size);
  leave();
  return accepted ? 1 : 0;
}

export function proxy_on_delete(id: i32): void {
  enter();
  deleteContext(id);
  leave();
}
