import { instantiateSync } from '@assemblyscript/loader';
import type { GuestMemory } from './guest-memory.ts';

/** Longer ones are cut: the text of an abort is a sentence. */
const CHARACTERS_MAX = 4096;

/**
 * A module without code that imports a memory and exports it again: through it, the loader of
 * AssemblyScript reads strings out of any guest's memory, whatever that guest exports.
 */
const LENS = Uint8Array.from([
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  // import "env" "memory" (memory 0)
  ...[0x02, 0x0f, 0x01, 0x03, 0x65, 0x6e, 0x76, 0x06, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 0x02],
  ...[0x00, 0x00],
  // export "memory" (memory 0)
  ...[0x07, 0x0a, 0x01, 0x06, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 0x02, 0x00],
]);

/** The AssemblyScript string at the address, or null where there is none. */
export function readAssemblyScriptString(memory: GuestMemory, address: number): string | null {
  const exported = memory.exported;
  if (exported === null || address < 8 || !memory.has(address, 0)) return null;
  // The header's length must fit before anybody copies by it.
  if (!memory.has(address, memory.u32(address - 4))) return null;
  try {
    const { exports } = instantiateSync(LENS, { env: { memory: exported } });
    return exports.__getString(address)?.slice(0, CHARACTERS_MAX) ?? null;
  } catch {
    // The loader throws where the object at the address is no string.
    return null;
  }
}
