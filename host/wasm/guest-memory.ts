import { NO_BYTES } from '@lateen/sdk/base/bytes';

/** Up to here a byte loop is faster than a call of the engine's copy. */
const LOOP_BYTES_MAX = 48;

/**
 * A guest's linear memory. Every pointer and size comes as an unsigned number and is checked with
 * `has` first. Growing detaches the buffer: `fresh` must be called on entry of each host call and
 * after each call of the guest's allocator, and nobody keeps `u8` across those.
 */
export class GuestMemory {
  u8: Uint8Array = NO_BYTES;
  view: DataView = new DataView(NO_BYTES.buffer);
  #memory: WebAssembly.Memory | null = null;

  attach(memory: WebAssembly.Memory): void {
    this.#memory = memory;
    this.#renew();
  }

  /** The memory itself, null before the module is instantiated. */
  get exported(): WebAssembly.Memory | null {
    return this.#memory;
  }

  /** A detached buffer has no length: that costs less to see than asking for the buffer again. */
  fresh(): void {
    if (this.u8.length === 0) this.#renew();
  }

  has(address: number, size: number): boolean {
    return address + size <= this.u8.length;
  }

  /** Copies bytes in; the range was checked. */
  write(address: number, source: Uint8Array, start: number, end: number): void {
    const length = end - start;
    const target = this.u8;
    if (length > LOOP_BYTES_MAX) {
      target.set(source.subarray(start, end), address);
      return;
    }
    for (let i = 0; i < length; i++) target[address + i] = source[start + i];
  }

  /** A copy of the bytes; the range was checked. */
  copy(address: number, size: number): Uint8Array {
    return this.u8.slice(address, address + size);
  }

  latin1(address: number, size: number): string {
    return Buffer.from(this.u8.buffer, address, size).toString('latin1');
  }

  utf8(address: number, size: number): string {
    return Buffer.from(this.u8.buffer, address, size).toString('utf8');
  }

  setU32(address: number, value: number): void {
    this.view.setUint32(address, value, true);
  }

  u32(address: number): number {
    return this.view.getUint32(address, true);
  }

  #renew(): void {
    if (this.#memory === null) return;
    const { buffer } = this.#memory;
    this.u8 = new Uint8Array(buffer);
    this.view = new DataView(buffer);
  }
}
