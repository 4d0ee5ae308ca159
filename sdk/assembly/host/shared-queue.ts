import { OK } from '../../abi/status';
import { Bytes } from '../bytes/bytes';
import { utf8, utf8Size } from '../bytes/text';
import {
  proxy_dequeue_shared_queue,
  proxy_enqueue_shared_queue,
  proxy_register_shared_queue,
  proxy_resolve_shared_queue,
} from '../env';
import { OUT, OUT_SIZE } from './out';

/**
 * A queue between VMs, in whatever thread they run. Who registers it last hears of each item in
 * `RootContext.onQueueReady` (export `exports/queue`); items stay when a VM ends.
 */
export class SharedQueue {
  readonly id: u32;

  constructor(id: u32) {
    this.id = id;
  }

  /** Makes the queue, or takes over reading it; null where a limit stands in the way. */
  static register(name: string): SharedQueue | null {
    const text = utf8(name);
    if (proxy_register_shared_queue(text, utf8Size, OUT) !== OK) return null;
    return new SharedQueue(load<u32>(OUT));
  }

  /** The queue that a VM of this id has registered ('' = this one's); null where none has yet. */
  static resolve(vmId: string, name: string): SharedQueue | null {
    const vm = utf8(vmId);
    const vmSize = utf8Size;
    const text = utf8(name);
    if (proxy_resolve_shared_queue(vm, vmSize, text, utf8Size, OUT) !== OK) return null;
    return new SharedQueue(load<u32>(OUT));
  }

  /** False where the queue is full, the item too large or the queue gone. */
  enqueue(item: string): bool {
    const text = utf8(item);
    return proxy_enqueue_shared_queue(this.id, text, utf8Size) === OK;
  }

  enqueueBytes(item: Bytes): bool {
    return proxy_enqueue_shared_queue(this.id, item.pointer, item.size) === OK;
  }

  /** Takes the oldest item; null where there is none. */
  dequeue(): string | null {
    const item = new Bytes();
    return this.dequeueBytes(item) ? item.toString() : null;
  }

  /** Points `out` to the oldest item and takes it from the queue; false where there is none. */
  dequeueBytes(out: Bytes): bool {
    store<u64>(OUT, 0);
    const found = proxy_dequeue_shared_queue(this.id, OUT, OUT_SIZE) === OK;
    out.point(load<usize>(OUT), load<i32>(OUT_SIZE));
    return found;
  }
}
