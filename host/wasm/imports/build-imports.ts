import type { Guest } from '../guest.ts';

/** Everything that a module may import, bound to one guest. */
export function buildImports(_guest: Guest): WebAssembly.Imports {
  return {};
}
