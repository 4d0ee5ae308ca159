import { HttpContext } from './http-context';

/** One configured plugin: there is one for each place where the module is used. */
export class RootContext {
  readonly id: i32;
  /** The registry's list. */
  next: RootContext | null = null;

  constructor(id: i32) {
    this.id = id;
  }

  /** Read the configuration; false refuses it and leaves the old one in use. */
  onConfigure(size: i32): bool {
    return true;
  }

  /** Makes the context of a new stream; hand it `this` if it needs the configuration. */
  createHttp(id: i32): HttpContext {
    return new HttpContext(id);
  }

  /** The timer of `setTickPeriod` fired. */
  onTick(): void {}

  /** An item was put into a queue that this context has registered; once for each item. */
  onQueueReady(queue: u32): void {}

  onDelete(): void {}
}
