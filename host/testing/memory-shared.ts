import type { Clock } from '@lateen/sdk/base/clock';
import type { SharedSpace } from '../wasm/effects.ts';
import { createLocalStore, type ThreadStore } from '../wasm/shared/shared-store.ts';

/** The VM id of plugins that have none of their own. */
const VM_ID = '';

/**
 * The host's own shared data and queues for one thread, with a look inside. What belongs to the
 * empty VM id stays when a VM dies, as it does where a process is configured to run it. Readers of
 * queues are told when the clock is next moved, be it by 0.
 */
export class MemoryShared {
  readonly store: ThreadStore;

  constructor(clock: Clock) {
    this.store = createLocalStore({
      now: () => clock.now(),
      defer: (callback) => clock.setTimer(0, callback),
    });
    this.store.hold(new Set([VM_ID]));
  }

  /** The value of a key, null where it is not there. */
  get(vmId: string, key: string): Buffer | null {
    return this.#of(vmId, (space) => {
      const name = Buffer.from(key);
      space.at(name, 0, name.length);
      return space.get() === 0 ? Buffer.from(space.value.subarray(0, space.size)) : null;
    });
  }

  /** Sets a key as another VM of the id would; throws where a limit stands in the way. */
  set(vmId: string, key: string, value: string): void {
    this.#of(vmId, (space) => {
      const name = Buffer.byteLength(key);
      const source = Buffer.from(key + value);
      space.at(source, 0, name);
      if (space.set(name, source.length, 0, 0) !== 0) throw new Error(space.refusal);
    });
  }

  /** What waits in a queue, null where nobody has registered it. */
  queue(vmId: string, name: string): { readonly items: number; readonly bytes: number } | null {
    const space = this.store.inspect().spaces.find((one) => one.vmId === vmId);
    return space?.queues.find((queue) => queue.name === name) ?? null;
  }

  #of<T>(vmId: string, look: (space: SharedSpace) => T): T {
    const space = this.store.open(vmId);
    const result = look(space);
    space.close();
    return result;
  }
}
