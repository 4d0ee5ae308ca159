/**
 * Earliest deadline first: entry `i` comes up in proportion to its weight, evenly spread. All
 * state lies in typed arrays; a pick allocates nothing and costs O(log n).
 */
export class EdfScheduler {
  readonly #weight: (index: number) => number;
  /** A binary heap of entry indexes, ordered by deadline, then by age. */
  readonly #heap: Int32Array;
  readonly #deadlines: Float64Array;
  readonly #order: Float64Array;
  #turn = 0;

  /** `weight(index)` is asked at each pick and may change; it is greater than 0. */
  constructor(count: number, weight: (index: number) => number) {
    this.#weight = weight;
    this.#heap = new Int32Array(count);
    this.#deadlines = new Float64Array(count);
    this.#order = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      this.#heap[i] = i;
      this.#deadlines[i] = 1 / weight(i);
      this.#order[i] = this.#turn++;
    }
    for (let i = (count >> 1) - 1; i >= 0; i--) this.#siftDown(i);
  }

  /** The next entry's index, -1 where there are none. */
  pick(): number {
    if (this.#heap.length === 0) return -1;
    const index = this.#heap[0];
    this.#deadlines[index] += 1 / this.#weight(index);
    this.#order[index] = this.#turn++;
    this.#siftDown(0);
    return index;
  }

  #siftDown(start: number): void {
    const heap = this.#heap;
    let at = start;
    for (;;) {
      let least = at;
      const left = 2 * at + 1;
      if (left < heap.length && this.#before(heap[left], heap[least])) least = left;
      if (left + 1 < heap.length && this.#before(heap[left + 1], heap[least])) least = left + 1;
      if (least === at) return;
      const moved = heap[at];
      heap[at] = heap[least];
      heap[least] = moved;
      at = least;
    }
  }

  #before(a: number, b: number): boolean {
    const difference = this.#deadlines[a] - this.#deadlines[b];
    return difference === 0 ? this.#order[a] < this.#order[b] : difference < 0;
  }
}
