import { Task } from './task';

/** The second task where the first fails. */
export class Fallback extends Task {
  private readonly first: Task;
  private readonly second: Task;

  constructor(first: Task, second: Task) {
    super();
    this.first = first;
    this.second = second;
  }

  start(): void {
    this.run(this.first);
  }

  onPart(part: Task): void {
    if (part.succeeded || part === this.second) this.end(part.succeeded);
    else this.run(this.second);
  }
}
