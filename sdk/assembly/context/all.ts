import { Task } from './task';

/** Tasks at the same time; it ends when all have, and succeeds where all have. */
export class All extends Task {
  private readonly parts: Array<Task>;
  private left: i32;
  private failed: bool = false;

  constructor(parts: Array<Task>) {
    super();
    this.parts = parts;
    this.left = parts.length;
  }

  start(): void {
    if (this.left === 0) this.end(true);
    for (let i = 0; i < this.parts.length; i++) this.run(this.parts[i]);
  }

  onPart(part: Task): void {
    if (!part.succeeded) this.failed = true;
    if (--this.left === 0) this.end(!this.failed);
  }
}
