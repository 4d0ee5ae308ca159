import { Task } from './task';

/** One task after the other; the first that fails ends it. Without any it succeeds at once. */
export class Sequence extends Task {
  private readonly parts: Array<Task>;
  private next: i32 = 0;

  constructor(parts: Array<Task>) {
    super();
    this.parts = parts;
  }

  start(): void {
    if (this.next === this.parts.length) this.end(true);
    else this.run(this.parts[this.next++]);
  }

  onPart(part: Task): void {
    if (part.succeeded) this.start();
    else this.end(false);
  }
}
