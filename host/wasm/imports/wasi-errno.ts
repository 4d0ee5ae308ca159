/** Errors of WASI preview 1 that this host answers. */
export const SUCCESS = 0;
export const BADF = 8;
export const FAULT = 21;
export const INVAL = 28;
export const NOENT = 44;
export const NOSYS = 52;
export const NOTSUP = 58;
