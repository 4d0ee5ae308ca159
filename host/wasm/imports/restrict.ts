import * as status from '@lateen/sdk/abi/status';
import { ALLOCATING, type Guest } from '../guest.ts';
import type { HostFunctions } from './host-functions.ts';

const ERROR = 4;
/** WASI's ENOTCAPABLE, which proxy-wasm's C++ host answers as well. */
const NOT_CAPABLE = 76;

/**
 * Host calls that a plugin may not make, as proxy-wasm's C++ host has it: they can be imported,
 * do nothing but say so in the log, and answer INTERNAL_FAILURE (WASI: ENOTCAPABLE). An empty list
 * allows everything.
 */
export function restrict(
  imports: Readonly<Record<string, HostFunctions>>,
  guest: Guest,
): Readonly<Record<string, HostFunctions>> {
  const allowed = new Set(guest.options.capabilities);
  if (allowed.size === 0) return imports;
  const stubs = Object.entries(imports).map(([module, functions]) => {
    const answer = module === 'env' ? status.INTERNAL_FAILURE : NOT_CAPABLE;
    const own = Object.entries(functions).map(([name, call]) => {
      const open = allowed.has(name) || !isCapability(module, name);
      return [name, open ? call : stub(guest, name, answer)];
    });
    return [module, Object.fromEntries(own)];
  });
  return Object.fromEntries(stubs);
}

/** What languages' runtimes need is none, nor is ending oneself, which must not come back. */
function isCapability(module: string, name: string): boolean {
  return module === 'env' ? /^(proxy|envoy)_/.test(name) : name !== 'proc_exit';
}

function stub(guest: Guest, name: string, answer: number): () => number {
  return () => {
    if (guest.admit(name, ALLOCATING)) {
      guest.log.write(ERROR, `called ${name}, which the plugin's capabilities do not include`);
    }
    return answer;
  };
}
