/** Lets so many do a thing at once, and the others wait their turn. */
export class Turns {
  readonly #most: number;
  readonly #waiting: (() => void)[] = [];
  #busy = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get idle(): boolean {
    return this.#busy === 0;
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#busy >= this.#most) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else this.#busy += 1;
    try {
      return await task();
    } finally {
      // Who waits takes our place; `busy` stays.
      const next = this.#waiting.shift();
      if (next === undefined) this.#busy -= 1;
      else next();
    }
  }
}
