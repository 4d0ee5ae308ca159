/** Where the bytes of a rewritten module came from: pieces that were copied, in order. */
export class PositionRecorder {
  readonly #pairs: number[] = [];

  /** What is written from `written` on stood at `original`. */
  piece(written: number, original: number): void {
    this.#pairs.push(written, original);
  }

  finish(): Uint32Array {
    return Uint32Array.from(this.#pairs);
  }
}

/**
 * The place in the module as delivered for one in the rewritten module. What was put in between
 * two pieces counts as the instruction behind it.
 */
export function originalPosition(pieces: Uint32Array, written: number): number {
  let low = 0;
  let high = pieces.length / 2;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (pieces[middle * 2]! <= written) low = middle + 1;
    else high = middle;
  }
  if (low === 0) return written;
  const at = (low - 1) * 2;
  const original = pieces[at + 1]! + written - pieces[at]!;
  const next = pieces[at + 3];
  return next === undefined ? original : Math.min(original, next);
}
