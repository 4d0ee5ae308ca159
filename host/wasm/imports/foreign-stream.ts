import * as ext from '@lateen/sdk/abi/extensions';
import * as status from '@lateen/sdk/abi/status';
import type { Guest } from '../guest.ts';
import type { ForeignFunctions } from './foreign-answer.ts';

/** What Lateen adds to what a module may ask of its stream. */
export function foreignStream(guest: Guest): ForeignFunctions {
  const { memory } = guest;
  const random = new Uint8Array(8);
  const randomView = new DataView(random.buffer);
  return {
    [ext.FN_SET_RESPONSE_FLAGS](start, end, answer) {
      if (end - start !== 4 || guest.effects === null) return status.BAD_ARGUMENT;
      guest.effects.addResponseFlags(memory.u32(start));
      return answer.nothing();
    },
    [ext.FN_SET_TIMER](start, end, answer) {
      const { effective } = guest;
      if (end - start !== 4 || effective === null || effective.effects === null) {
        return status.BAD_ARGUMENT;
      }
      effective.effects.setTimer(effective.id, memory.u32(start));
      return answer.nothing();
    },
    [ext.FN_STREAM_RANDOM](_start, _end, answer) {
      if (guest.effects === null) return status.BAD_ARGUMENT;
      const value = guest.effects.randomValue();
      randomView.setUint32(0, value >>> 0, true);
      randomView.setUint32(4, Math.floor(value / 0x1_0000_0000), true);
      return answer.bytes(random);
    },
    [ext.FN_AUTO_HOST_REWRITE](_start, _end, answer) {
      if (guest.effects === null) return status.BAD_ARGUMENT;
      guest.effects.rewriteHostPerAttempt();
      return answer.nothing();
    },
    [ext.FN_CLEAR_ROUTE_CACHE](_start, _end, answer) {
      if (guest.effects === null) return status.BAD_ARGUMENT;
      guest.effects.clearRouteCache();
      return answer.nothing();
    },
  };
}
