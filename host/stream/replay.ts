/**
 * A request's body, kept for another attempt as long as it fits. Once it does not fit any more
 * there is no further attempt: what was kept is let go at once.
 */
export class ReplayBody {
  readonly #bytesMax: number;
  #chunks: Uint8Array[] = [];
  #length = 0;
  #fits = true;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Whether everything that passed is still here. */
  get complete(): boolean {
    return this.#fits;
  }

  get chunks(): readonly Uint8Array[] {
    return this.#chunks;
  }

  keep(chunk: Uint8Array): void {
    if (!this.#fits) return;
    this.#length += chunk.length;
    if (this.#length > this.#bytesMax) {
      this.#fits = false;
      this.#chunks = [];
      return;
    }
    this.#chunks.push(chunk);
  }

  /** Keeps what no upstream has got yet, whatever the limit: the source is on hold meanwhile. */
  keepUnsent(chunk: Uint8Array): void {
    this.#length += chunk.length;
    this.#chunks.push(chunk);
  }

  /** Lets go of everything: no further attempt will be made. */
  release(): void {
    this.#fits = false;
    this.#chunks = [];
  }
}
