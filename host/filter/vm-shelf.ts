import { ok, type Result } from '@lateen/sdk/base/result';
import type { Vm } from '../wasm/vm.ts';

/**
 * VMs that several plugins of a thread run in: those that name the same VM id, module, VM
 * configuration, environment and limits. Others have one each. What dies in such a VM takes all
 * its plugins along; the first that is asked for again makes the next VM.
 */
export class VmShelf {
  readonly #vms = new Map<string, Vm>();

  /** The VM of that key if it lives, else a new one. */
  take(key: string, make: () => Result<Vm>): Result<Vm> {
    for (const [known, vm] of this.#vms) if (!vm.alive || vm.empty) this.#vms.delete(known);
    const shared = this.#vms.get(key);
    if (shared !== undefined) return ok(shared);
    const made = make();
    if (made.ok) this.#vms.set(key, made.value);
    return made;
  }
}
