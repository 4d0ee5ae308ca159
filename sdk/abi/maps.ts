/** `proxy_map_type_t`. Portable: tsc and asc. */
export const REQUEST_HEADERS = 0;
export const REQUEST_TRAILERS = 1;
export const RESPONSE_HEADERS = 2;
export const RESPONSE_TRAILERS = 3;
export const GRPC_INITIAL_METADATA = 4;
export const GRPC_TRAILING_METADATA = 5;
export const HTTP_CALL_RESPONSE_HEADERS = 6;
export const HTTP_CALL_RESPONSE_TRAILERS = 7;
