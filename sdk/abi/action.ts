/** What a callback returns. Portable: tsc and asc. Values above PAUSE are Envoy's (Wasm ABI 2.3). */
export const CONTINUE = 0;
/** Headers: hold everything (StopAllIterationAndWatermark). Body: hold and buffer. */
export const PAUSE = 1;
export const HEADERS_CONTINUE_AND_END_STREAM = 2;
export const HEADERS_STOP_ALL_AND_BUFFER = 3;
export const HEADERS_STOP_ALL_AND_WATERMARK = 4;
export const BODY_STOP_AND_WATERMARK = 2;
export const BODY_STOP_NO_BUFFER = 3;
