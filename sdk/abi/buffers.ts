/** `proxy_buffer_type_t` and the other small enumerations. Portable: tsc and asc. */
export const HTTP_REQUEST_BODY = 0;
export const HTTP_RESPONSE_BODY = 1;
export const DOWNSTREAM_DATA = 2;
export const UPSTREAM_DATA = 3;
export const HTTP_CALL_RESPONSE_BODY = 4;
export const GRPC_CALL_MESSAGE = 5;
export const VM_CONFIGURATION = 6;
export const PLUGIN_CONFIGURATION = 7;
export const FOREIGN_FUNCTION_ARGUMENTS = 8;

/** `proxy_stream_type_t`. */
export const STREAM_HTTP_REQUEST = 0;
export const STREAM_HTTP_RESPONSE = 1;
export const STREAM_DOWNSTREAM = 2;
export const STREAM_UPSTREAM = 3;

/** `proxy_metric_type_t`. */
export const METRIC_COUNTER = 0;
export const METRIC_GAUGE = 1;
export const METRIC_HISTOGRAM = 2;

/** `proxy_log_level_t`. */
export const LOG_TRACE = 0;
export const LOG_DEBUG = 1;
export const LOG_INFO = 2;
export const LOG_WARN = 3;
export const LOG_ERROR = 4;
export const LOG_CRITICAL = 5;
