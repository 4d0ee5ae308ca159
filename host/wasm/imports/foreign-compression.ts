import { deflateSync, inflateSync } from 'node:zlib';
import * as ext from '@lateen/sdk/abi/extensions';
import * as status from '@lateen/sdk/abi/status';
import type { Guest } from '../guest.ts';
import type { ForeignFunctions } from './foreign-answer.ts';

/** A few bytes can unfold to gigabytes: beyond this nothing is made. About 20 ms of work. */
const UNFOLDED_BYTES_MAX = 4 * 1024 * 1024;
const COMPRESSED_BYTES_MAX = 1024 * 1024;
/** What a byte costs beside being moved: some 20 ns to compress, 5 ns to unfold. */
const COMPRESS_COST = 640;
const UNCOMPRESS_COST = 160;

/** Envoy's `compress` and `uncompress`: the zlib format (RFC 1950). */
export function foreignCompression(guest: Guest): ForeignFunctions {
  const { memory } = guest;
  return {
    [ext.FN_COMPRESS](start, end, answer) {
      if (end - start > COMPRESSED_BYTES_MAX) return status.BAD_ARGUMENT;
      guest.charge((end - start) * COMPRESS_COST);
      return answer.bytes(deflateSync(memory.copy(start, end - start)));
    },
    [ext.FN_UNCOMPRESS](start, end, answer) {
      try {
        const options = { maxOutputLength: UNFOLDED_BYTES_MAX };
        const bytes = inflateSync(memory.copy(start, end - start), options);
        guest.charge(bytes.length * UNCOMPRESS_COST);
        return answer.bytes(bytes);
      } catch (error) {
        if (!(error instanceof RangeError)) return status.SERIALIZATION_FAILURE;
        guest.charge(UNFOLDED_BYTES_MAX * UNCOMPRESS_COST);
        return status.BAD_ARGUMENT;
      }
    },
  };
}
