/**
 * Lateen's additions to Proxy-Wasm 0.2.1: optional exports that the host calls where a module has
 * them, and foreign functions (`proxy_call_foreign_function`) that a module may call. Other hosts
 * never call the exports and answer NOT_FOUND to the functions, so a module can feature-detect.
 * Standard modules need none of this; they are open to everybody's filters.
 *
 * Portable: compiled by tsc and by asc. All integers are little-endian; `u32`, `i32` are 4 bytes.
 *
 * ## Exports
 *
 * `lateen_on_config(root_id: i32, config_id: i32, size: i32) -> i32`
 *   The host hands over one message of a type that the module serves (manifest), as canonical
 *   proto3 JSON with its `@type`, readable as PLUGIN_CONFIGURATION. Messages of served types inside
 *   it came before, under ids of their own, and stand in it as `{"configId": N}`. Ids start at 1
 *   and are never reused in a VM. Returns 1 to accept, 0 to refuse (say why with
 *   `lateen.refuse_config` first). Streams refer to configurations by id only.
 * `lateen_on_config_delete(root_id: i32, config_id: i32)`
 *   No stream uses the configuration any more.
 * `lateen_on_route(context_id: i32, config_id: i32) -> i32`
 *   Select a route by the RouteConfiguration `config_id` and the request's headers. Change nothing.
 *   Returns the address of a RouteSelection, or 0 where no route matches.
 * `lateen_on_route_config(context_id: i32, config_id: i32)`
 *   The selected route (or its virtual host, or the route configuration: most specific wins) has a
 *   message that this module serves: a `typed_per_filter_config` entry, a RetryPolicy, ...
 *   0 takes an earlier one back, when the route is selected again.
 * `lateen_on_attempt(context_id: i32, attempt: i32, outcome: i32) -> i32`
 *   Before the first attempt (attempt 1, ATTEMPT_START) and after each attempt's outcome. Response
 *   headers (map 2) are readable after ATTEMPT_RESPONSE. Returns the address of an AttemptWish, or 0.
 * `lateen_on_timer(context_id: i32)`
 *   The stream's timer (`lateen.set_timer`) fired.
 * `lateen_on_stream_log(root_id: i32)`
 *   A stream is over, and host calls act on it. In a module that exports it and no other callback
 *   of streams it stands for proxy_on_context_create, proxy_on_log and proxy_on_delete: a module
 *   that only logs is entered once for each stream, and keeps nothing of it.
 */

export const EXPORT_ON_CONFIG: string = 'lateen_on_config';
export const EXPORT_ON_CONFIG_DELETE: string = 'lateen_on_config_delete';
export const EXPORT_ON_ROUTE: string = 'lateen_on_route';
export const EXPORT_ON_ROUTE_CONFIG: string = 'lateen_on_route_config';
export const EXPORT_ON_ATTEMPT: string = 'lateen_on_attempt';
export const EXPORT_ON_TIMER: string = 'lateen_on_timer';
export const EXPORT_ON_STREAM_LOG: string = 'lateen_on_stream_log';

/**
 * RouteSelection, 32 bytes:
 *  0 i32 index of the virtual host in the RouteConfiguration
 *  4 i32 index of the route in the virtual host
 *  8 i32 index of the weighted cluster, -1 where the route has a single cluster or none
 * 12 u32 route timeout in ms, 0 = none (retries included)
 * 16 u32 stream idle timeout in ms, 0 = none, SELECTION_UNSET = the connection manager's
 * 20 u32 max stream duration in ms, 0 = none
 * 24 u32 address of the cluster's name where a header chose it (`cluster_header`), else 0
 * 28 u32 its length
 */
export const SELECTION_VIRTUAL_HOST = 0;
export const SELECTION_ROUTE = 4;
export const SELECTION_WEIGHTED_CLUSTER = 8;
export const SELECTION_TIMEOUT_MS = 12;
export const SELECTION_IDLE_TIMEOUT_MS = 16;
export const SELECTION_MAX_DURATION_MS = 20;
export const SELECTION_CLUSTER_NAME = 24;
export const SELECTION_CLUSTER_NAME_LENGTH = 28;
export const SELECTION_SIZE = 32;
/** Stands for "not set" in a u32 of milliseconds. */
export const SELECTION_UNSET = 0xffffffff;

/** Outcomes of an attempt, as `lateen_on_attempt` hears them. */
export const ATTEMPT_START = 0;
export const ATTEMPT_RESPONSE = 1;
/** The upstream reset the stream after the request was sent. */
export const ATTEMPT_RESET = 2;
export const ATTEMPT_CONNECT_FAILURE = 3;
export const ATTEMPT_PER_TRY_TIMEOUT = 4;
/** HTTP/2 REFUSED_STREAM or an id above GOAWAY's. */
export const ATTEMPT_REFUSED_STREAM = 5;
/** Reset before any byte of the request was sent. */
export const ATTEMPT_RESET_BEFORE_REQUEST = 6;
/** A circuit breaker is open, or no host is healthy. */
export const ATTEMPT_OVERFLOW = 7;

/**
 * AttemptWish, 20 bytes:
 *  0 u32 flags: WISH_*
 *  4 u32 delay before the next attempt in ms
 *  8 u32 time limit of the next attempt in ms, 0 = none
 * 12 u32 idle limit of the next attempt in ms, 0 = none
 * 16 u32 how often host selection may be repeated to avoid earlier hosts
 */
export const WISH_FLAGS = 0;
export const WISH_DELAY_MS = 4;
export const WISH_PER_TRY_TIMEOUT_MS = 8;
export const WISH_PER_TRY_IDLE_TIMEOUT_MS = 12;
export const WISH_HOST_ATTEMPTS = 16;
export const WISH_SIZE = 20;
/** Try again (not at ATTEMPT_START). */
export const WISH_RETRY = 1;
/** Prefer hosts that were not tried yet. */
export const WISH_AVOID_PREVIOUS_HOSTS = 2;
/** At ATTEMPT_START: keep the request's body, a retry may be asked for. */
export const WISH_KEEP_BODY = 4;
/** Retries are exhausted: adds the response flag URX. */
export const WISH_RETRY_LIMIT = 8;

/**
 * ## Foreign functions
 *
 * A name, what goes in, what comes out. Statuses are those of proxy_call_foreign_function.
 */

/** -> text: one `name=version` a line for every export and function of this file. */
export const FN_FEATURES: string = 'lateen.features';
/** { u32 map type, name bytes } -> pairs with empty keys, one per value, in order. */
export const FN_HEADER_VALUES: string = 'lateen.header_values';
/**
 * { u8 FIELD_* kind, u32 name length, name } for each field -> u32 id of the set. Names of headers
 * in lower case, paths of properties joined by NUL.
 */
export const FN_FIELDS_DEFINE: string = 'lateen.fields_define';
/**
 * { u32 id, u32 address, u32 size }: reads all fields of the set into the guest's memory at
 * `address`: for each { u32 address of the value, i32 size, -1 where there is none }, then the
 * values. EMPTY where `size` is too small; what was written then means nothing.
 */
export const FN_FIELDS_READ: string = 'lateen.fields_read';
/** Kinds of fields. The two for headers are bases: the map type is added. */
export const FIELD_PROPERTY = 0;
/** The first value. */
export const FIELD_HEADER = 1;
/** All values, joined by commas. */
export const FIELD_JOINED_HEADER = 5;
/** { u32 metric id, f64 } for each: proxy_record_metric of many, by numbers from 0 on. */
export const FN_RECORD_METRICS: string = 'lateen.record_metrics';
/** Pattern (RE2 syntax, UTF-8) -> u32 id. BAD_ARGUMENT where the pattern is refused. */
export const FN_REGEX_COMPILE: string = 'lateen.regex_compile';
/** { u32 id, bytes } -> 1 byte, 1 where all of the bytes match. */
export const FN_REGEX_MATCH: string = 'lateen.regex_match';
/** { u32 id, u32 text length, text, rewrite } -> bytes with every match replaced. */
export const FN_REGEX_REPLACE: string = 'lateen.regex_replace';
/** u32 bits of RESPONSE_FLAG_*; added to the stream's. */
export const FN_SET_RESPONSE_FLAGS: string = 'lateen.set_response_flags';
/** u32 milliseconds; the stream's `lateen_on_timer` is called once. */
export const FN_SET_TIMER: string = 'lateen.set_timer';
/** Path -> u32 id of an append-only sink; `/dev/stdout` is one. */
export const FN_SINK_OPEN: string = 'lateen.sink_open';
/** { u32 id, bytes }. EMPTY where the sink was full and the bytes were dropped. */
export const FN_SINK_WRITE: string = 'lateen.sink_write';
/** { u32 path length, field path, message }: why the configuration at hand is refused. */
export const FN_REFUSE_CONFIG: string = 'lateen.refuse_config';
/** -> u64: the stream's random value, the same each time within one stream. */
export const FN_STREAM_RANDOM: string = 'lateen.stream_random';
/** Each attempt goes out with the name of the host that was chosen as its `:authority`. */
export const FN_AUTO_HOST_REWRITE: string = 'lateen.auto_host_rewrite';
/**
 * Shared data of the VM's id, beyond what the ABI has. Tokens are those of proxy_get_shared_data,
 * 0 = whatever stands there. Times to live are in milliseconds, 0 = for ever; a key whose time is
 * over is not there. proxy_set_shared_data makes a key last for ever. Where a limit stands in the
 * way the status is INTERNAL_FAILURE and the log says which.
 */
/** { u32 token, key }: removes the key. NOT_FOUND, CAS_MISMATCH. */
export const FN_SHARED_DELETE: string = 'lateen.shared_delete';
/** Key -> 1 byte, 1 where it is there. */
export const FN_SHARED_EXISTS: string = 'lateen.shared_exists';
/** { u32 token or SHARED_ABSENT, u32 time to live, u32 key length, key, value }. CAS_MISMATCH. */
export const FN_SHARED_SET: string = 'lateen.shared_set';
/**
 * { i64 number, u32 time to live, key } -> i64 sum: adds at once, for all threads. The value is 8
 * bytes; a key that is missing counts from 0 and gets the time to live, one that is there keeps
 * its own. BAD_ARGUMENT where another value stands there, or the sum does not fit.
 */
export const FN_SHARED_ADD: string = 'lateen.shared_add';
/**
 * { u32 cursor (0 at first), u32 limit, prefix } -> { u32 next cursor (0 = that was all), then for
 * each key u32 length, key }: about `limit` keys, in no order. A key that is there all the while
 * is in one answer exactly; one that comes or goes meanwhile may be.
 */
export const FN_SHARED_LIST: string = 'lateen.shared_list';
/** In the place of a token: set only where there is no such key. */
export const SHARED_ABSENT = 0xffffffff;
/** Envoy's: asks for the route again before the request goes on. */
export const FN_CLEAR_ROUTE_CACHE: string = 'clear_route_cache';
/**
 * Envoy's, with its messages (source/extensions/common/wasm/ext): hash by name, key as PEM or DER,
 * signature and text -> whether the signature holds, or why not. ECDSA signatures are DER.
 */
export const FN_VERIFY_SIGNATURE: string = 'verify_signature';
/** Envoy's: hash by name, private key as PEM or DER, text -> the signature, or why there is none. */
export const FN_SIGN: string = 'sign';
/** Envoy's: bytes -> bytes in the zlib format (RFC 1950). BAD_ARGUMENT above 1 MiB. */
export const FN_COMPRESS: string = 'compress';
/** Envoy's: the other way. SERIALIZATION_FAILURE for what is none, BAD_ARGUMENT above 4 MiB. */
export const FN_UNCOMPRESS: string = 'uncompress';

/** Envoy's response flags that a module may set, at Envoy's bits (`CoreResponseFlag`). */
export const RESPONSE_FLAG_NO_ROUTE = 256;
export const RESPONSE_FLAG_FAULT_DELAY = 512;
export const RESPONSE_FLAG_FAULT_ABORT = 1024;
export const RESPONSE_FLAG_RATE_LIMITED = 2048;
export const RESPONSE_FLAG_UNAUTHORIZED_EXTERNAL = 4096;
export const RESPONSE_FLAG_NO_CLUSTER = 16777216;
