/**
 * Bytes of a body that a filter holds: a list of received chunks that can be read and spliced at
 * any place (a superset of what Envoy allows) without copying what is not touched.
 */
export class BodyBuffer {
  #chunks: Uint8Array[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  append(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  /** Copies [start, start + size) into `target` at `at`; returns how many bytes there were. */
  copyTo(target: Uint8Array, at: number, start: number, size: number): number {
    let skip = start;
    let left = Math.min(size, Math.max(0, this.#length - start));
    const wanted = left;
    let to = at;
    for (const chunk of this.#chunks) {
      if (left === 0) break;
      if (skip >= chunk.length) {
        skip -= chunk.length;
        continue;
      }
      const take = Math.min(left, chunk.length - skip);
      target.set(chunk.subarray(skip, skip + take), to);
      to += take;
      left -= take;
      skip = 0;
    }
    return wanted;
  }

  /** Replaces [start, start + size) by `bytes`, both clipped to the buffer; keeps `bytes`. */
  splice(start: number, size: number, bytes: Uint8Array): void {
    const from = Math.min(start, this.#length);
    const to = Math.min(from + size, this.#length);
    const chunks = [...this.#range(0, from), bytes, ...this.#range(to, this.#length)];
    this.#chunks = chunks.filter((chunk) => chunk.length > 0);
    this.#length += bytes.length - (to - from);
  }

  /** Hands over all chunks in order and is empty afterwards. */
  take(): readonly Uint8Array[] {
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#length = 0;
    return chunks;
  }

  #range(start: number, end: number): Uint8Array[] {
    const parts: Uint8Array[] = [];
    let offset = 0;
    for (const chunk of this.#chunks) {
      const from = Math.max(start - offset, 0);
      const to = Math.min(end - offset, chunk.length);
      if (from < to) parts.push(chunk.subarray(from, to));
      offset += chunk.length;
    }
    return parts;
  }
}
