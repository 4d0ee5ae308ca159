/**
 * Where host calls write what they return: an address at OUT, a size (or a token) behind it, and a
 * second token behind that. Read it before the next host call.
 */
export const OUT: usize = memory.data(16, 8);
/** The second result of a host call: mostly a size. */
export const OUT_SIZE: usize = OUT + 4;
/** The third result of a host call. */
export const OUT_EXTRA: usize = OUT + 8;
