/**
 * Work that ends later, well or not. Tasks compose: `Sequence` does one after the other, `All` does
 * them at once, `Fallback` does a second where the first fails, and `HttpTask` is one HTTP call.
 * Make a subclass where something is to happen at the end (`onDone`): there are no closures.
 */
export class Task {
  private parent: Task | null = null;
  private ended: bool = false;
  /** Meaningful once it is done. */
  succeeded: bool = false;

  get done(): bool {
    return this.ended;
  }

  /** Begins; `onDone` may be called before this returns. */
  start(): void {
    this.end(true);
  }

  /** It is over. Called once, before whoever waits for it is told. */
  onDone(succeeded: bool): void {}

  /** What a composed task does when one of its parts has ended. */
  onPart(part: Task): void {}

  /** For subclasses: ends the task; the second time does nothing. */
  end(succeeded: bool): void {
    if (this.ended) return;
    this.ended = true;
    this.succeeded = succeeded;
    this.onDone(succeeded);
    const parent = this.parent;
    if (parent !== null) parent.onPart(this);
  }

  /** For composed tasks: starts a part and hears of its end through `onPart`. */
  run(part: Task): void {
    part.parent = this;
    part.start();
  }
}
