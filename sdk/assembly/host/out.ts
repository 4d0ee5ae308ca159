/**
 * Where host calls write what they return: an address at OUT, a size (or a token) behind it, and a
 * second token behind that. Read it before the next host call.
 */
export const OUT: usize = memory.data(16, 8);
export const OUT_SIZE: usize = OUT + 4;
export const OUT_EXTRA: usize = OUT + 8;
