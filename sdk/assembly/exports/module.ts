import { allocate } from '../arena';

/**
 * What every module exports, however it is written: its ABI and its allocator. Memory that the
 * host asks for is valid until the callback returns.
 */
export function proxy_abi_version_0_2_1(): void {}

export function proxy_on_memory_allocate(size: i32): usize {
  return allocate(size);
}
