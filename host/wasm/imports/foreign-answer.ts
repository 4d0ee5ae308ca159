import * as status from '@lateen/sdk/abi/status';
import type { Guest } from '../guest.ts';

/** Arguments stand at [start, end) of the guest's memory; `answer` gives bytes back. */
export type ForeignFunction = (start: number, end: number, answer: ForeignAnswer) => number;
export type ForeignFunctions = Readonly<Record<string, ForeignFunction>>;

/** Where the result of a foreign function goes; the pointers may be 0 where none is wanted. */
export class ForeignAnswer {
  readonly #guest: Guest;
  out = 0;
  outSize = 0;

  constructor(guest: Guest) {
    this.#guest = guest;
  }

  bytes(source: Uint8Array): number {
    if (this.out === 0 || this.outSize === 0) return status.OK;
    const given = this.#guest.give(source, 0, source.length, this.out, this.outSize);
    return given ? status.OK : status.INVALID_MEMORY_ACCESS;
  }

  u32(value: number): number {
    if (this.out === 0 || this.outSize === 0) return status.OK;
    const address = this.#guest.allocateFor(4, this.out, this.outSize);
    if (address < 0) return status.INVALID_MEMORY_ACCESS;
    this.#guest.memory.setU32(address, value);
    return status.OK;
  }

  /** One byte, 1 or 0. */
  flag(value: boolean): number {
    if (this.out === 0 || this.outSize === 0) return status.OK;
    const address = this.#guest.allocateFor(1, this.out, this.outSize);
    if (address < 0) return status.INVALID_MEMORY_ACCESS;
    this.#guest.memory.u8[address] = value ? 1 : 0;
    return status.OK;
  }

  nothing(): number {
    if (this.out === 0 || this.outSize === 0) return status.OK;
    const done = this.#guest.allocateFor(0, this.out, this.outSize) >= 0;
    return done ? status.OK : status.INVALID_MEMORY_ACCESS;
  }
}
