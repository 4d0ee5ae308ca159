import * as ext from '@lateen/sdk/abi/extensions';
import * as status from '@lateen/sdk/abi/status';
import type { Guest } from '../guest.ts';
import type { ForeignAnswer, ForeignFunctions } from './foreign-answer.ts';

/** A list walks the keys of all VM ids: about as much as reading so many bytes. */
const LIST_BYTES = 1024 * 1024;
const KEYS_MAX = 1_000;

/** Shared data beyond the ABI: removal, lists, expiry, counters. */
export function foreignShared(guest: Guest): ForeignFunctions {
  const { memory } = guest;
  const done = (result: number, answer: ForeignAnswer): number =>
    result === status.OK ? answer.nothing() : guest.answerShared(result, guest.shared.refusal);
  const read = (result: number, answer: ForeignAnswer): number => {
    const { shared } = guest;
    if (result !== status.OK) return guest.answerShared(result, shared.refusal);
    return answer.bytes(shared.value.subarray(0, shared.size));
  };
  return {
    [ext.FN_SHARED_DELETE](start, end, answer) {
      if (end - start < 4) return status.BAD_ARGUMENT;
      guest.shared.at(memory.u8, start + 4, end);
      return done(guest.shared.remove(memory.u32(start)), answer);
    },
    [ext.FN_SHARED_EXISTS](start, end, answer) {
      guest.shared.at(memory.u8, start, end);
      const result = guest.shared.has();
      if (result === status.INTERNAL_FAILURE) return done(result, answer);
      return answer.flag(result === status.OK);
    },
    [ext.FN_SHARED_SET](start, end, answer) {
      if (end - start < 12) return status.BAD_ARGUMENT;
      const value = start + 12 + memory.u32(start + 8);
      if (value > end) return status.BAD_ARGUMENT;
      guest.shared.at(memory.u8, start + 12, value);
      const token = memory.u32(start);
      return done(guest.shared.set(value, end, token, memory.u32(start + 4)), answer);
    },
    [ext.FN_SHARED_ADD](start, end, answer) {
      if (end - start < 12) return status.BAD_ARGUMENT;
      guest.shared.at(memory.u8, start + 12, end);
      const number = memory.view.getBigInt64(start, true);
      return read(guest.shared.add(number, memory.u32(start + 8)), answer);
    },
    [ext.FN_SHARED_LIST](start, end, answer) {
      if (end - start < 8) return status.BAD_ARGUMENT;
      guest.charge(LIST_BYTES);
      guest.shared.at(memory.u8, start + 8, end);
      const limit = Math.min(memory.u32(start + 4), KEYS_MAX);
      return read(guest.shared.list(memory.u32(start), limit), answer);
    },
  };
}
